import { open, readFile, stat } from 'node:fs/promises'
import { join, normalize } from 'node:path'
import { escapeName, modulePath, type SyntheticModule } from './synthetic-modules.ts'

export interface ServedFile {
  readonly mediaType: string
  readonly sizeBytes: number
  /** Strong, with its quotes. */
  readonly etag: string
  readonly content: Uint8Array | { readonly path: string }
}

/** Answers for a decoded path without its leading slash; undefined is a 404. */
export type FileSource = (path: string) => Promise<ServedFile | undefined> | ServedFile | undefined

/** The `cache/download` folder of a module cache, which has the layout of a GOPROXY. */
export function filesOfFolder(folder: string): FileSource {
  return async (path) => {
    const local = normalize(path)
    if (local.startsWith('..') || local.startsWith('/')) return undefined
    const file = join(folder, local)
    const found = await stat(file).catch(ignoreMissing)
    if (!found?.isFile()) return undefined
    return {
      mediaType: mediaTypeOf(path),
      sizeBytes: found.size,
      etag: `"${found.size.toString(16)}-${Math.round(found.mtimeMs).toString(16)}"`,
      content: { path: file },
    }
  }
}

/** Everything a GOPROXY says of these modules, `list` and `@latest` included. Versions must be given in ascending order. */
export function filesOfModules(modules: readonly SyntheticModule[]): FileSource {
  const files = new Map<string, ServedFile>()
  const versions = new Map<string, string[]>()
  for (const module of modules) {
    const escaped = escapeName(module.path)
    const known = versions.get(escaped) ?? []
    known.push(module.version)
    versions.set(escaped, known)
    for (const kind of ['info', 'mod', 'zip'] as const) {
      const path = modulePath(module.path, module.version, kind)
      files.set(path, servedBytes(path, module[kind]))
    }
    files.set(`${escaped}/@latest`, servedBytes('latest.info', module.info))
  }
  for (const [escaped, known] of versions) {
    const path = `${escaped}/@v/list`
    files.set(path, servedBytes(path, Buffer.from(`${known.join('\n')}\n`)))
  }
  return (path) => files.get(path)
}

export function servedBytes(path: string, bytes: Uint8Array): ServedFile {
  return {
    mediaType: mediaTypeOf(path),
    sizeBytes: bytes.length,
    etag: `"${Bun.hash(bytes).toString(16)}"`,
    content: bytes,
  }
}

/** The first source that has the path. */
export function firstOf(sources: readonly FileSource[]): FileSource {
  return async (path) => {
    for (const source of sources) {
      const file = await source(path)
      if (file) return file
    }
    return undefined
  }
}

export async function wholeContent(file: ServedFile): Promise<Uint8Array> {
  return file.content instanceof Uint8Array ? file.content : await readFile(file.content.path)
}

/** The bytes from `start` up to, not including, `end`. */
export async function* contentChunks(
  file: ServedFile,
  start: number,
  end: number,
): AsyncGenerator<Uint8Array> {
  if (file.content instanceof Uint8Array) {
    if (end > start) yield file.content.subarray(start, end)
    return
  }
  await using handle = await open(file.content.path, 'r')
  for (let at = start; at < end; ) {
    const chunk = Buffer.allocUnsafe(Math.min(256 * 1024, end - at))
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, at)
    if (bytesRead === 0) throw new Error(`${file.content.path} became shorter while it was sent`)
    yield chunk.subarray(0, bytesRead)
    at += bytesRead
  }
}

function mediaTypeOf(path: string): string {
  if (path.endsWith('.zip')) return 'application/zip'
  if (path.endsWith('.info') || path.endsWith('/@latest')) return 'application/json'
  return 'text/plain; charset=utf-8'
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
  throw error
}
