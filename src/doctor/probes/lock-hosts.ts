import { basename } from 'node:path'
import type { Client } from '../../clients/client.ts'
import { clients } from '../../clients/clients.ts'
import { findLocks, type LockFile, type SkippedLock } from '../../clients/find-locks.ts'
import { movedAddress } from '../../clients/lock-addresses.ts'
import { builtInTarget } from '../../clients/lock-target.ts'
import { type Machine, shortPath } from '../../clients/machine.ts'
import { npmProjectNpmrc, scopedRegistries } from '../../clients/npmrc-layers.ts'
import type { SettingFact } from '../evidence.ts'

/**
 * Lock files of the project that lead to registries which no setting names: npm and its like fetch from there, past
 * whatever registry is set. The client's own registry is no such host, because clients lead it to the one that is set.
 */
export async function checkLockHosts(machine: Machine, extra: readonly string[]): Promise<SettingFact[]> {
  const users = clients.filter(({ ecosystem, locks }) => ecosystem === 'npm' && locks.length > 0)
  const unread: SkippedLock[] = []
  const all = await findLocks(machine, users, (skipped) => unread.push(skipped))
  const broken = unread.map((lock) => brokenLock(lock, users, machine))
  const locks = all.filter((lock) => packageHosts(lock).size > 0)
  if (locks.length === 0) return broken
  const known = new Set([...extra, ...(await namedHosts(machine, users))])
  return [...broken, ...locks.flatMap((lock) => strangeHosts(lock, known, machine))]
}

function brokenLock({ path, reason }: SkippedLock, users: readonly Client[], machine: Machine): SettingFact {
  return {
    probe: 'setting',
    outcome: 'wrong',
    name: shortPath(path, machine),
    value: '',
    foundIn: path,
    problem: 'config.broken',
    detail: reason,
    client: users.find(({ locks }) => locks.includes(basename(path)))?.title ?? 'npm',
  }
}

function strangeHosts(lock: LockFile, known: ReadonlySet<string>, machine: Machine): SettingFact[] {
  const hosts = packageHosts(lock)
  const total = [...hosts.values()].reduce((sum, count) => sum + count, 0)
  const strange = [...hosts].filter(([host]) => !known.has(host))
  if (strange.length === 0) return []
  const told = strange
    .toSorted(([, left], [, right]) => right - left)
    .map(([host, count]) => `${host} (${count})`)
  return [
    {
      probe: 'setting',
      outcome: 'wrong',
      name: shortPath(lock.path, machine),
      value: [...hosts].map(([host, count]) => `${host}: ${count}`).join(', '),
      foundIn: lock.path,
      problem: 'npm.lock_hosts',
      detail: `${told.join(', ')} / ${total}`,
    },
  ]
}

/** How many packages each host is to give. Sponsors' and repositories' addresses stand in lock files too. */
function packageHosts({ addresses }: LockFile): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { url } of addresses) {
    const host = URL.parse(url)?.host
    if (host === undefined || movedAddress(url, 'npm', { index: '' }) === undefined) continue
    counts.set(host, (counts.get(host) ?? 0) + 1)
  }
  return counts
}

/** Hosts of every registry that a setting of one of these clients names, scopes' among them, and the built-in one. */
async function namedHosts(machine: Machine, users: readonly Client[]): Promise<readonly string[]> {
  const layers = await Promise.all(
    users.map(async (client) => client.read(machine, await client.detect(machine))),
  )
  const values = layers.flat().flatMap(({ value }) => (value === undefined ? [] : [value]))
  const projects = [undefined, await npmProjectNpmrc(machine)]
  const scoped = (await Promise.all(projects.map((file) => scopedRegistries(machine, file))))
    .flat()
    .map((line) => line.split(' → ').at(-1) ?? '')
  const builtIn = (await builtInTarget(machine, 'npm'))?.index
  const urls = [...values, ...(builtIn === undefined ? [] : [builtIn])]
  return [...urls.flatMap((url) => URL.parse(url)?.host ?? []), ...scoped]
}
