/** A folder as a source: GOPROXY's `file:` addresses (https://go.dev/ref/mod#goproxy-protocol). */

import { type FileHandle, open, stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { broken, errorCode } from './failure.ts'
import type { ByteSource, HttpResponse } from './http-response.ts'

const CHUNK_BYTES = 256 * 1024

const nothing: ByteSource = { next: async () => undefined, discard: () => undefined }

/**
 * What the file of a `file:` address holds, as an answer: 200, or 404 where there is none. `base` is the address of
 * the source's folder, with a slash at its end: the folder itself is an empty 200, and where it is gone nothing can
 * be said of what it holds.
 * @throws UpstreamError when it is there and cannot be read, and when the folder is gone
 */
export async function readFileSource(url: URL, base: URL): Promise<HttpResponse> {
  const answer = { headers: new Map<string, string>(), url, sizeBytes: 0, body: nothing }
  try {
    const path = fileURLToPath(url)
    const found = await stat(path)
    if (found.isDirectory() && url.href === base.href) return { ...answer, status: 200 }
    // Opening a pipe would wait for its writer.
    if (!found.isFile()) throw broken('malformed', `${url.href} is no file`)
    const file = await open(path, 'r')
    const { size } = await file.stat()
    return { ...answer, status: 200, sizeBytes: size, body: bodyOf(file, url) }
  } catch (error) {
    if (!isAbsence(error)) throw unreadable(error, url)
    await mustBeThere(base)
    return { ...answer, status: 404 }
  }
}

/** A disk that is not mounted is an outage, and not a "no" to whatever is asked. */
async function mustBeThere(base: URL): Promise<void> {
  try {
    await stat(fileURLToPath(base))
  } catch (error) {
    if (!isAbsence(error)) throw unreadable(error, base)
    const hint = { hint: 'Make or mount that folder, or name another source.' }
    throw broken('connect', `there is no folder ${base.href}`, hint, error)
  }
}

function isAbsence(error: unknown): boolean {
  // A file where the path wants a folder: nothing can be below it.
  return ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'].includes(errorCode(error))
}

function bodyOf(file: FileHandle, url: URL): ByteSource {
  let closing: Promise<void> | undefined
  const close = () => {
    // Nothing was written, so there is nothing that closing could lose.
    closing ??= file.close().catch(() => undefined)
    return closing
  }
  return {
    async next() {
      if (closing !== undefined) return undefined
      try {
        const { buffer, bytesRead } = await file.read(Buffer.allocUnsafeSlow(CHUNK_BYTES), 0, CHUNK_BYTES)
        if (bytesRead > 0) return buffer.subarray(0, bytesRead)
      } catch (error) {
        await close()
        throw unreadable(error, url)
      }
      await close()
      return undefined
    },
    discard: () => void close(),
  }
}

function unreadable(error: unknown, url: URL) {
  const hint = { hint: 'Give the user that runs posthaste the right to read it.' }
  const code = errorCode(error)
  if (code === '' || !code.startsWith('E')) return error
  return broken('malformed', `${url.href} cannot be read (${code})`, code === 'EACCES' ? hint : {}, error)
}
