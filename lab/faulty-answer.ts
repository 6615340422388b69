import type { Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import type { Fault } from './faults.ts'
import { head, pause, type RawRequest, send, whenClosed } from './raw-http.ts'
import { contentChunks, type ServedFile, wholeContent } from './served-files.ts'

export interface Sent {
  status: number
  bodyBytes: number
  /** Of `performance.now()`, when the first byte of the body was handed to the kernel. */
  firstBodyByteAtMs: number | undefined
}

const DRIP_TICK_MS = 20
const FLUSH_MS = 5

/** Answers one request, well or with the fault. The connection may be closed afterwards. */
export async function answer(
  socket: Socket,
  request: RawRequest,
  file: ServedFile | undefined,
  fault: Fault | undefined,
  sent: Sent,
): Promise<void> {
  switch (fault?.kind) {
    case 'stall':
      if (fault.afterBytes === 'headers') return whenClosed(socket)
      break
    case 'reset':
      if (fault.afterBytes === 'headers') return reset(socket)
      break
    case 'delay':
      await pause(socket, fault.delayMs)
      break
    case 'html':
      return sendText(socket, sent, 200, '<html><body>Please log in.</body></html>', {
        'Content-Type': 'text/html',
      })
    case 'status':
      return sendText(socket, sent, fault.status, fault.text ?? `the lab answers ${fault.status}\n`, {
        'Content-Type': 'text/plain; charset=utf-8',
        ...(fault.retryAfter === undefined ? {} : { 'Retry-After': fault.retryAfter }),
      })
    case 'redirect':
      return sendText(socket, sent, 302, '', { Location: fault.to })
    case 'redirect-loop':
      return sendText(socket, sent, 302, '', { Location: request.target })
    case 'gzip':
      if (file) return sendPacked(socket, sent, file, gzipSync(await wholeContent(file)))
      break
    case 'gzip-bomb':
      if (file) return sendPacked(socket, sent, file, gzipSync(new Uint8Array(fault.unpackedBytes)))
      break
  }
  if (!file) {
    return sendText(socket, sent, 404, 'not found: the lab has no such file\n', {
      'Content-Type': 'text/plain; charset=utf-8',
    })
  }
  await sendFile(socket, request, file, fault, sent)
}

async function sendFile(
  socket: Socket,
  request: RawRequest,
  file: ServedFile,
  fault: Fault | undefined,
  sent: Sent,
) {
  const range = rangeOf(request, file)
  const start = range?.start ?? 0
  const end = range?.end ?? file.sizeBytes
  const announced = end - start + (fault?.kind === 'lying-length' ? fault.deltaBytes : 0)
  const shift = fault?.kind === 'wrong-range' ? 1 : 0
  sent.status = range ? 206 : 200
  const headers = {
    'Content-Type': file.mediaType,
    'Content-Length': announced,
    'Accept-Ranges': 'bytes',
    ETag: file.etag,
    ...(range ? { 'Content-Range': `bytes ${start + shift}-${end - 1 + shift}/${file.sizeBytes}` } : {}),
  }
  if (!(await send(socket, head(sent.status, headers)))) return
  if (request.method === 'HEAD') return
  const cut = fault && 'afterBytes' in fault && fault.afterBytes !== 'headers' ? fault.afterBytes : undefined
  const stopAt = cut === undefined ? end : Math.min(end, start + cut)
  const flipAt = fault?.kind === 'wrong-bytes' ? Math.floor(file.sizeBytes / 2) : -1
  const pace = fault?.kind === 'drip' ? fault : undefined
  let at = start
  for await (const chunk of contentChunks(file, start, stopAt)) {
    const bytes = flipAt >= at && flipAt < at + chunk.length ? flipped(chunk, flipAt - at) : chunk
    if (!(await sendBody(socket, bytes, pace, sent))) return
    at += chunk.length
  }
  if (cut === undefined) {
    if (fault?.kind === 'lying-length') await finish(socket)
    return
  }
  // What was sent whole has not stalled; a hanging connection would be a fault of the next request's.
  if (fault?.kind === 'stall') {
    if (stopAt < end) await whenClosed(socket)
  } else if (fault?.kind === 'reset') await reset(socket)
  else await finish(socket)
}

async function sendBody(
  socket: Socket,
  bytes: Uint8Array,
  pace: { readonly bytesPerSecond: number; readonly burstBytes?: number } | undefined,
  sent: Sent,
): Promise<boolean> {
  const sendSome = async (part: Uint8Array) => {
    sent.firstBodyByteAtMs ??= performance.now()
    sent.bodyBytes += part.length
    return await send(socket, part)
  }
  if (!pace) return sendSome(bytes)
  let at = 0
  if (sent.bodyBytes === 0 && pace.burstBytes) {
    at = Math.min(pace.burstBytes, bytes.length)
    if (!(await sendSome(bytes.subarray(0, at)))) return false
  }
  const began = performance.now()
  const base = at
  while (at < bytes.length) {
    await pause(socket, Math.max(DRIP_TICK_MS, 1000 / pace.bytesPerSecond))
    const due = base + Math.floor(((performance.now() - began) / 1000) * pace.bytesPerSecond)
    const next = Math.min(bytes.length, Math.max(at, due))
    if (next > at && !(await sendSome(bytes.subarray(at, next)))) return false
    at = next
    if (socket.destroyed) return false
  }
  return true
}

async function sendText(
  socket: Socket,
  sent: Sent,
  status: number,
  text: string,
  headers: Readonly<Record<string, string>>,
): Promise<void> {
  sent.status = status
  await send(socket, head(status, { ...headers, 'Content-Length': Buffer.byteLength(text) }) + text)
}

async function sendPacked(socket: Socket, sent: Sent, file: ServedFile, packed: Uint8Array): Promise<void> {
  sent.status = 200
  sent.bodyBytes = packed.length
  await send(
    socket,
    head(200, {
      'Content-Type': file.mediaType,
      'Content-Encoding': 'gzip',
      'Content-Length': packed.length,
    }),
  )
  await send(socket, packed)
}

/** RST instead of FIN, after what was written has left the process. */
async function reset(socket: Socket): Promise<void> {
  await pause(socket, FLUSH_MS)
  socket.resetAndDestroy()
}

/** FIN. Bun's TLS sockets lose what was written in the same turn as `end`. */
async function finish(socket: Socket): Promise<void> {
  await pause(socket, FLUSH_MS)
  socket.end()
}

function flipped(chunk: Uint8Array, index: number): Uint8Array {
  const copy = Uint8Array.from(chunk)
  copy[index] = (copy[index] ?? 0) ^ 1
  return copy
}

/** One range of the forms `bytes=a-`, `bytes=a-b` and `bytes=-n`; anything else is answered with the whole. */
function rangeOf(request: RawRequest, file: ServedFile): { start: number; end: number } | undefined {
  const ifRange = request.headers.get('if-range')
  if (ifRange !== undefined && ifRange !== file.etag) return undefined
  const match = /^bytes=(\d*)-(\d*)$/.exec(request.headers.get('range') ?? '')
  if (!match || (match[1] === '' && match[2] === '')) return undefined
  const start = match[1] === '' ? Math.max(0, file.sizeBytes - Number(match[2])) : Number(match[1])
  const end =
    match[1] === '' || match[2] === '' ? file.sizeBytes : Math.min(file.sizeBytes, Number(match[2]) + 1)
  return start < end ? { start, end } : undefined
}
