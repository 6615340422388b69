/** A folder as a source: GOPROXY's `file:` addresses (https://go.dev/ref/mod#goproxy-protocol). */

import { type FileHandle, open, stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { broken, errorCode } from './failure.ts'
import type { ByteSource, HttpResponse } from './http-response.ts'

const CHUNK_BYTES = 256 * 1024

const nothing: ByteSource = { next: async () => undefined, discard: () => undefined }

/**
 * What the file of a `file:` address holds, as an answer: 200, or 404 where there is none.
 * @throws UpstreamError when it is there and cannot be read
 */
export async function readFileSource(url: URL): Promise<HttpResponse> {
  const headers = new Map<string, string>()
  try {
    const path = fileURLToPath(url)
    // Opening a pipe would wait for its writer.
    if (!(await stat(path)).isFile()) throw broken('malformed', `${url.href} is no file`)
    const file = await open(path, 'r')
    const { size } = await file.stat()
    return { status: 200, headers, url, sizeBytes: size, body: bodyOf(file, url) }
  } catch (error) {
    const code = errorCode(error)
    // A file where the path wants a folder: nothing can be below it.
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG')
      return { status: 404, headers, url, sizeBytes: 0, body: nothing }
    throw unreadable(error, url)
  }
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
