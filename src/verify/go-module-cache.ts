import { createHash } from 'node:crypto'
import { access, constants, open, readdir, readFile, stat, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { exists, type Machine, shortPath } from '../clients/machine.ts'
import { readBytes } from '../clients/replace-file.ts'
import { escapePath, escapeVersion } from '../ecosystems/go/module-path.ts'
import { type HashedFile, hashFiles, hashModFile } from '../ecosystems/go/zip/dirhash.ts'
import { hashZip } from '../ecosystems/go/zip/hash-zip.ts'
import { fileSource } from '../ecosystems/go/zip/zip-source.ts'
import type { GoSum, SummedFile } from './go-sum.ts'
import { good, type ProjectCheck, problem, warning } from './project-check.ts'

export interface ModuleCacheOptions {
  readonly machine: Pick<Machine, 'home'>
  /** GOMODCACHE. */
  readonly cache: string
  readonly sum: Pick<GoSum, 'zips' | 'mods'>
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

const FULL_BYTES = 100 * 1024 * 1024
const LOW_BYTES = 1024 * 1024 * 1024

/** What lies in the module cache for this project: room, owner, and whether every zip and folder is whole. */
export async function checkModuleCache(options: ModuleCacheOptions): Promise<readonly ProjectCheck[]> {
  const { cache, machine } = options
  const place = await nearest(cache)
  const shown = shortPath(cache, machine)
  const { checks, unreadable } = await lookAtContents(options, shown)
  const [first] = unreadable
  const owner =
    first === undefined
      ? await ownerCheck(place, shown)
      : await unreadableCheck(first, unreadable.length - 1, shown)
  return [await roomCheck(place, shown), owner, ...checks]
}

async function nearest(path: string): Promise<string> {
  if (await exists(path)) return path
  const above = dirname(path)
  return above === path ? path : nearest(above)
}

async function roomCheck(place: string, shown: string): Promise<ProjectCheck> {
  const { bavail, bsize } = await statfs(place)
  const free = bavail * bsize
  const text = `${Math.floor(free / 1024 ** 2)} MiB are free where ${shown} lies`
  if (free < FULL_BYTES) return problem('disk', text, 'make room: go clean -cache, or another GOMODCACHE')
  return free < LOW_BYTES ? warning('disk', text, 'make room: go clean -cache') : good('disk', text)
}

/** `sudo go build` leaves folders that belong to root, and every later build fails there. */
async function ownerCheck(place: string, shown: string): Promise<ProjectCheck> {
  const me = process.getuid?.()
  for (const folder of [place, join(place, 'cache'), join(place, 'cache', 'download')]) {
    if (!(await exists(folder))) continue
    const { uid } = await stat(folder)
    const writable = await access(folder, constants.W_OK).then(
      () => true,
      () => false,
    )
    if (me !== undefined && uid !== me) {
      const text = `${folder} belongs to user ${uid}, and this is user ${me}`
      const fix = `sudo chown -R ${me} ${shown}`
      return writable ? warning('owner', text, fix) : problem('owner', text, fix)
    }
    if (!writable) return problem('owner', `${folder} cannot be written to`, `chmod u+w ${folder}`)
  }
  return good('owner', `${shown} is this user's own`)
}

/** What Go cannot read either; `sudo go` with a strict umask leaves such files. */
async function unreadableCheck(path: string, others: number, shown: string): Promise<ProjectCheck> {
  const me = process.getuid?.()
  const owner = await stat(path).then(
    ({ uid }) => uid,
    () => undefined,
  )
  const more = others > 0 ? ` and ${others} more` : ''
  const isAnothers = me !== undefined && owner !== me
  const whose =
    isAnothers && owner !== undefined ? `: it belongs to user ${owner}, and this is user ${me}` : ''
  const fix = isAnothers ? `sudo chown -R ${me} ${shown}` : `chmod -R u+rwX ${shown}`
  return problem('owner', `${path}${more} cannot be read${whose}`, fix)
}

interface Contents {
  readonly checks: readonly ProjectCheck[]
  /** Paths that this user may not read. */
  readonly unreadable: readonly string[]
}

async function lookAtContents(options: ModuleCacheOptions, shown: string): Promise<Contents> {
  const { cache, sum, timeoutMs, signal } = options
  const endsAtMs = performance.now() + timeoutMs
  const isOver = () => signal.aborted || performance.now() > endsAtMs
  const faults: ProjectCheck[] = []
  const unreadable: string[] = []
  const looking = async (named: string, look: () => ReturnType<typeof faultOf>) => {
    try {
      return await look()
    } catch (error) {
      if (!(error instanceof Error && 'code' in error)) throw error
      // Go itself may be at work there.
      if (error.code === 'ENOENT') return 'absent'
      if (error.code !== 'EACCES' && error.code !== 'EPERM') return broken(`${named}: ${error.message}`)
      unreadable.push('path' in error && typeof error.path === 'string' ? error.path : named)
      return 'absent'
    }
  }
  let looked = 0
  let left = 0
  for (const { module, version, hashes } of sum.zips) {
    const [path, at] = [escapePath(module), escapeVersion(version)]
    if (path === undefined || at === undefined) continue
    if (isOver()) {
      left += 1
      continue
    }
    const entry = {
      module,
      version,
      hashes,
      at,
      downloads: join(cache, 'cache', 'download', path, '@v'),
      folder: join(cache, `${path}@${at}`),
    }
    const fault = await looking(`${module}@${version}`, () => faultOf(entry, isOver))
    if (fault === 'absent') continue
    looked += 1
    if (fault !== undefined) faults.push(fault)
  }
  for (const file of sum.mods) {
    if (isOver()) break
    const fault = await looking(`${file.module}@${file.version}`, () => modFault(file, cache))
    if (fault !== undefined && fault !== 'absent') faults.push(fault)
  }
  if (faults.length > 0) return { checks: faults, unreadable }
  const rest = left === 0 ? '' : `; ${left} more were left out for lack of time`
  const text =
    unreadable.length > 0
      ? `${looked} of the project's modules could be read in ${shown}, and are whole${rest}`
      : `${looked} of the project's modules lie in ${shown}, all whole${rest}`
  return { checks: [good('module-cache', text)], unreadable }
}

/** What a crash leaves of the small files: Go reads them from the cache and asks for them no more. */
async function modFault(file: SummedFile, cache: string): Promise<ProjectCheck | undefined> {
  const [path, at] = [escapePath(file.module), escapeVersion(file.version)]
  if (path === undefined || at === undefined) return undefined
  const stem = join(cache, 'cache', 'download', path, '@v', at)
  const mod = await readBytes(`${stem}.mod`)
  const found = mod === undefined ? undefined : hashModFile(mod)
  if (found !== undefined && !file.hashes.includes(found)) {
    return broken(`${stem}.mod has ${found}, and go.sum says ${file.hashes[0]}`)
  }
  const info = await readBytes(`${stem}.info`)
  return info === undefined || isJson(info) ? undefined : broken(`${stem}.info is no JSON`)
}

function isJson(bytes: Uint8Array): boolean {
  try {
    JSON.parse(Buffer.from(bytes).toString())
    return true
  } catch {
    return false
  }
}

function broken(text: string): ProjectCheck {
  return problem('module-cache', text, 'go clean -modcache, then build again')
}

interface Entry extends SummedFile {
  /** The version as it stands in names of files. */
  readonly at: string
  readonly downloads: string
  readonly folder: string
}

async function faultOf(entry: Entry, isOver: () => boolean): Promise<ProjectCheck | 'absent' | undefined> {
  const { module, version, hashes, at, downloads, folder } = entry
  const named = `${module}@${version}`
  const names = await readdir(downloads)
  const zip = join(downloads, `${at}.zip`)
  if (!names.some((name) => name.startsWith(`${at}.`))) return 'absent'
  if (names.includes(`${at}.partial`))
    return broken(`${named} was unpacked halfway: ${join(downloads, `${at}.partial`)}`)
  const half = names.find((name) => name.startsWith(`${at}.zip`) && name.endsWith('.tmp'))
  if (half !== undefined && !names.includes(`${at}.zip`))
    return broken(`${named} was fetched halfway: ${join(downloads, half)}`)
  if (!names.includes(`${at}.zip`)) return 'absent'
  const kept = Buffer.from((await readBytes(join(downloads, `${at}.ziphash`))) ?? '')
    .toString()
    .trim()
  if (kept !== '' && !hashes.includes(kept)) {
    return broken(`${named}: the cache has ${kept}, and go.sum says ${hashes[0]}`)
  }
  const check = await hashOfZip(zip, entry, isOver)
  if (isOver()) return 'absent'
  if (!check.ok) return broken(`${zip}: ${check.reason}`)
  if (!hashes.includes(check.h1)) return broken(`${zip} has ${check.h1}, and go.sum says ${hashes[0]}`)
  if (!(await exists(folder)) || isOver()) return undefined
  const unpacked = await hashOfFolder(folder, named)
  return hashes.includes(unpacked) ? undefined : broken(`${folder} was changed since it was unpacked`)
}

async function hashOfZip(path: string, { module, version }: Entry, isOver: () => boolean) {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    return await hashZip(fileSource(file.fd, size), { module, version, isAborted: isOver })
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { ok: false, reason } as const
  } finally {
    await file.close()
  }
}

/** golang.org/x/mod/sumdb/dirhash.HashDir. */
async function hashOfFolder(folder: string, prefix: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files: HashedFile[] = []
  for (const entry of entries) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const name = `${prefix}/${path.slice(folder.length + 1).replaceAll('\\', '/')}`
    files.push({
      name,
      sha256: createHash('sha256')
        .update(await readFile(path))
        .digest('hex'),
    })
  }
  return hashFiles(files)
}
