import { readFile, statfs } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import { dirname } from 'node:path'
import { classOf } from '../../upstream/address.ts'
import type { DiskFact, FilesFact, InterfacesFact } from '../evidence.ts'

const lowDiskBytes = 1_000_000_000
const fullDiskBytes = 50_000_000
const enoughFiles = 1_024

/** Which networks this machine has at all. Reads what the kernel says; sends nothing. */
export async function seeNetwork(): Promise<InterfacesFact> {
  const addresses = Object.values(networkInterfaces())
    .flatMap((entries) => entries ?? [])
    .filter(({ internal, address }) => !internal && classOf(address.split('%')[0] ?? '') !== 'link-local')
    .map(({ address }) => address)
  const [four, six] = await Promise.all([readProc('/proc/net/route'), readProc('/proc/net/ipv6_route')])
  return {
    probe: 'machine.network',
    outcome: addresses.length > 0 ? 'up' : 'down',
    addresses,
    defaultRoute4: four === undefined ? undefined : hasDefault4(four),
    defaultRoute6: six === undefined ? undefined : hasDefault6(six),
  }
}

/** The disk below a folder, or below the nearest parent that exists. Undefined where the system does not tell. */
export async function seeDisk(folder: string): Promise<DiskFact | undefined> {
  for (let path = folder; ; path = dirname(path)) {
    const found = await statfs(path).catch(() => undefined)
    if (found !== undefined) {
      const freeBytes = found.bavail * found.bsize
      const outcome = freeBytes < fullDiskBytes ? 'full' : freeBytes < lowDiskBytes ? 'low' : 'room'
      return { probe: 'machine.disk', outcome, path, freeBytes }
    }
    if (path === dirname(path)) return undefined
  }
}

/** The limit of open files for this process and those that it starts (Linux). */
export async function seeFileLimit(): Promise<FilesFact | undefined> {
  const text = await readProc('/proc/self/limits')
  const match = /^Max open files\s+(\d+|unlimited)\s+(\d+|unlimited)/m.exec(text ?? '')
  if (match === null) return undefined
  const [soft, hard] = [match[1], match[2]].map((limit) => (limit === 'unlimited' ? Infinity : Number(limit)))
  if (soft === undefined || hard === undefined) return undefined
  return {
    probe: 'machine.files',
    outcome: soft < enoughFiles ? 'low' : 'enough',
    softLimit: soft,
    hardLimit: hard,
  }
}

/** A line of `/proc/net/route` with destination and mask 0 whose interface is up. */
function hasDefault4(table: string): boolean {
  return table.split('\n').some((line) => {
    const [, destination, , flags, , , , mask] = line.split(/\s+/)
    return destination === '00000000' && mask === '00000000' && (Number.parseInt(flags ?? '0', 16) & 1) === 1
  })
}

/** `::/0` on an interface other than lo, and no reject route. */
function hasDefault6(table: string): boolean {
  return table.split('\n').some((line) => {
    const columns = line.trim().split(/\s+/)
    const flags = Number.parseInt(columns[8] ?? '0', 16)
    return (
      /^0{32}$/.test(columns[0] ?? '') && columns[1] === '00' && columns[9] !== 'lo' && (flags & 0x200) === 0
    )
  })
}

/** Other systems have no /proc: what it would tell is then unknown. */
function readProc(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined)
}
