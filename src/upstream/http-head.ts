/** The head of an HTTP/1.1 answer (RFC 9112), bounded and strict where leniency would be a hole. */

import type { Connection, Patience } from './connection.ts'
import { broken } from './failure.ts'
import type { UpstreamLimits } from './limits.ts'
import type { UpstreamError } from './upstream.ts'

export interface ResponseHead {
  readonly status: number
  /** Lower-case names; repeated fields are joined by `, ` (RFC 9110 5.2). */
  readonly headers: ReadonlyMap<string, string>
  /** The connection may carry another request after this answer. */
  readonly keepAlive: boolean
}

type HeadLimits = Pick<UpstreamLimits, 'maxHeadBytes' | 'maxHeaders'>

const maxInterim = 8

/**
 * Reads one head, passing over interim answers; what follows it stays unread on the connection.
 * @param patience for the whole head, not for each packet of it
 * @throws UpstreamError `malformed`, `reset`, `truncated`, or what `patience` says
 */
export async function readHead(
  connection: Connection,
  patience: Patience,
  limits: HeadLimits,
): Promise<ResponseHead> {
  const started = performance.now()
  let bytes: Buffer = Buffer.alloc(0)
  let interim = 0
  for (;;) {
    const end = headEnd(bytes)
    if (end === -1 && bytes.length > limits.maxHeadBytes)
      throw flood(connection, `more than ${limits.maxHeadBytes} bytes`)
    if (end === -1) {
      const left = patience.ms - (performance.now() - started)
      const chunk = await connection.read({ ms: left, late: patience.late })
      if (chunk === undefined) throw endedEarly(connection, bytes)
      bytes =
        bytes.length === 0
          ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
          : Buffer.concat([bytes, chunk])
      if (!couldBeHttp(bytes)) throw malformed(connection, 'answered with something that is not HTTP/1')
      continue
    }
    if (end > limits.maxHeadBytes) throw flood(connection, `more than ${limits.maxHeadBytes} bytes`)
    const head = parseHead(bytes.toString('latin1', 0, end), connection, limits)
    bytes = bytes.subarray(end)
    if (head.status >= 200) {
      connection.unread(bytes)
      return head
    }
    if (head.status === 101 || ++interim > maxInterim)
      throw malformed(connection, `answered ${head.status} unasked`)
  }
}

/** Where the body begins, or -1; a bare LF ends a line too (RFC 9112 2.2). */
function headEnd(bytes: Buffer): number {
  let from = 0
  for (;;) {
    const line = bytes.indexOf(10, from)
    if (line === -1) return -1
    if (bytes[line + 1] === 10) return line + 2
    if (bytes[line + 1] === 13 && bytes[line + 2] === 10) return line + 3
    from = line + 1
  }
}

function couldBeHttp(bytes: Buffer): boolean {
  const start = 'HTTP/1.'
  const length = Math.min(start.length, bytes.length)
  return bytes.toString('latin1', 0, length) === start.slice(0, length)
}

function parseHead(text: string, connection: Connection, limits: HeadLimits): ResponseHead {
  const lines = text.split(/\r?\n/)
  const statusLine = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: .*)?$/.exec(lines[0] ?? '')
  if (statusLine === null) throw malformed(connection, 'answered with a broken status line')
  const fields = lines.slice(1).filter((line) => line !== '')
  if (fields.length > limits.maxHeaders) throw flood(connection, `${fields.length} header fields`)
  const headers = new Map<string, string>()
  for (const field of fields) {
    const match = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*(.*?)[ \t]*$/.exec(field)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here
    if (match === null || /[\x00-\x08\x0a-\x1f\x7f]/.test(field)) {
      throw malformed(connection, 'sent a broken header field')
    }
    const name = (match[1] ?? '').toLowerCase()
    const value = match[2] ?? ''
    const earlier = headers.get(name)
    headers.set(name, earlier === undefined ? value : `${earlier}, ${value}`)
  }
  const options = (headers.get('connection') ?? '').toLowerCase()
  const keepAlive = statusLine[1] === '1' ? !/\bclose\b/.test(options) : /\bkeep-alive\b/.test(options)
  return { status: Number(statusLine[2]), headers, keepAlive }
}

function endedEarly(connection: Connection, bytes: Buffer): UpstreamError {
  return bytes.length === 0
    ? broken('reset', `${connection.host} closed the connection without an answer`)
    : broken('truncated', `${connection.host} closed the connection in the middle of the answer's head`)
}

function flood(connection: Connection, what: string): UpstreamError {
  return broken('malformed', `${connection.host} sent a head that is too large: ${what}`)
}

function malformed(connection: Connection, what: string): UpstreamError {
  return broken('malformed', `${connection.host} ${what}`)
}
