import { randomUUID } from 'node:crypto'
import {
  access,
  chown,
  constants,
  mkdir,
  open,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  rmdir,
  stat,
} from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { SettingsFileError } from './file-text.ts'

/** What lies at a path, links followed. */
export interface Found {
  /** The file itself, when `path` is a link. */
  readonly realPath: string
  readonly bytes: Uint8Array | undefined
  /** Permission bits of what is there. */
  readonly mode: number | undefined
  /** Of a new file: that of the folder around it, so that root (sudo) leaves none of its own in a user's home. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined
  /** Why it must not be written; undefined when it may. */
  readonly locked: string | undefined
}

/** Undefined when there is no file. Throws when it cannot be read. */
export async function readBytes(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** Looks at a file before it is changed. Throws a SettingsFileError for a link to nowhere and for what is no file. */
export async function findFile(path: string): Promise<Found> {
  const realPath = await realpath(path).catch(async (error: unknown) => {
    if (!isMissing(error)) throw error
    const target = await readlink(path).catch(() => undefined)
    if (target === undefined) return path
    const hint = `make ${resolve(dirname(path), target)}, or remove the link`
    throw new SettingsFileError(`it is a link to ${target}, which is not there`, hint)
  })
  const found = await stat(realPath).catch((error: unknown) => {
    if (isMissing(error)) return undefined
    throw error
  })
  if (found === undefined) {
    const locked = (await isFolderWritable(dirname(realPath))) ? undefined : 'its folder is read-only'
    return { realPath, bytes: undefined, mode: undefined, owner: await nearestOwner(realPath), locked }
  }
  if (!found.isFile()) throw new SettingsFileError('it is no file', 'move it away')
  const mode = found.mode & 0o7777
  // Root may write what is marked read-only, but somebody marked it so for a reason.
  const writable =
    (mode & 0o222) !== 0 && (await isWritable(realPath)) && (await isFolderWritable(dirname(realPath)))
  return {
    realPath,
    bytes: await readFile(realPath),
    mode,
    owner: { uid: found.uid, gid: found.gid },
    locked: !writable ? 'it is read-only' : isAnothers(found.uid) ? 'it belongs to another user' : undefined,
  }
}

/**
 * Replaces a file's bytes in one step, with this mode and the former owner, and makes the folders around it. Throws
 * what the file system says; then the old file is as it was.
 */
export async function replaceFile(
  { realPath, owner }: Pick<Found, 'realPath' | 'owner'>,
  bytes: Uint8Array,
  mode: number,
): Promise<void> {
  const folder = dirname(realPath)
  const made = await missingFolders(folder)
  const temporary = join(folder, `.${basename(realPath)}.${randomUUID()}`)
  try {
    await mkdir(folder, { recursive: true })
    if (owner !== undefined && isOther(owner)) for (const one of made) await chown(one, owner.uid, owner.gid)
    {
      await using file = await open(temporary, 'wx', 0o600)
      if (owner !== undefined && isOther(owner)) await file.chown(owner.uid, owner.gid)
      await file.chmod(mode)
      await file.writeFile(bytes)
      await file.sync()
    }
    await rename(temporary, realPath)
  } catch (error) {
    await rm(temporary, { force: true })
    await removeEmptyFolders(made)
    throw error
  }
}

/** Outermost first; ends at the first that is in use, or gone: either way it is nobody's to remove. */
export async function removeEmptyFolders(folders: readonly string[]): Promise<void> {
  for (const folder of folders.toReversed()) {
    const isGone = await rmdir(folder).then(
      () => true,
      () => false,
    )
    if (!isGone) return
  }
}

function isAnothers(uid: number): boolean {
  const me = process.getuid?.()
  return me !== undefined && me !== 0 && me !== uid
}

/** Only root gives files away; others keep the group where they are in it. */
function isOther({ uid, gid }: { readonly uid: number; readonly gid: number }): boolean {
  const me = process.getuid?.()
  if (me === 0) return uid !== 0 || gid !== process.getgid?.()
  return me === uid && gid !== process.getgid?.() && (process.getgroups?.() ?? []).includes(gid)
}

async function nearestOwner(path: string): Promise<Found['owner']> {
  const folder = dirname(path)
  const found = await stat(folder).catch(() => undefined)
  if (found !== undefined) return { uid: found.uid, gid: found.gid }
  return folder === path ? undefined : nearestOwner(folder)
}

/** The folders that are not there yet, outermost first. */
export async function missingFolders(folder: string): Promise<string[]> {
  const found = await stat(folder).catch(() => undefined)
  const above = dirname(folder)
  return found !== undefined || above === folder ? [] : [...(await missingFolders(above)), folder]
}

async function isFolderWritable(folder: string): Promise<boolean> {
  const found = await stat(folder).catch(() => undefined)
  const above = dirname(folder)
  if (found !== undefined || above === folder) return isWritable(folder)
  return isFolderWritable(above)
}

function isWritable(path: string): Promise<boolean> {
  return access(path, constants.W_OK).then(
    () => true,
    () => false,
  )
}

export function isMissing(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 'ENOENT' || code === 'ENOTDIR'
}
