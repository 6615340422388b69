import type { Socket } from 'node:net'

export interface RawRequest {
  readonly method: string
  /** As received, with its leading slash. */
  readonly target: string
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: Uint8Array
}

const HEAD_END = Buffer.from('\r\n\r\n')
const MAX_HEAD_BYTES = 64 * 1024

/** The requests of one connection in their order; ends when the client closes. Throws on what is no HTTP/1.1. */
export async function* readRequests(socket: Socket): AsyncGenerator<RawRequest> {
  let buffered: Buffer = Buffer.alloc(0)
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    buffered = buffered.length === 0 ? chunk : Buffer.concat([buffered, chunk])
    for (;;) {
      const taken = takeRequest(buffered)
      if (!taken) break
      buffered = buffered.subarray(taken.length)
      yield taken.request
    }
    if (buffered.length > MAX_HEAD_BYTES) throw new Error('request too large')
  }
}

function takeRequest(bytes: Buffer): { request: RawRequest; length: number } | undefined {
  const end = bytes.indexOf(HEAD_END)
  if (end < 0) return undefined
  const [first = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n')
  const [method = '', target = '', protocol] = first.split(' ')
  if (!protocol?.startsWith('HTTP/1.') || !target.startsWith('/'))
    throw new Error(`no HTTP/1.1 request: ${first}`)
  const headers = new Map<string, string>()
  for (const line of lines) {
    const colon = line.indexOf(':')
    if (colon > 0) headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim())
  }
  const bodyStart = end + HEAD_END.length
  const length = bodyStart + Number(headers.get('content-length') ?? 0)
  if (bytes.length < length) return undefined
  return { request: { method, target, headers, body: bytes.subarray(bodyStart, length) }, length }
}

/** Resolves when the bytes left our buffers; false when the connection is gone. */
export function send(socket: Socket, bytes: Uint8Array | string): Promise<boolean> {
  if (socket.destroyed || socket.writableEnded) return Promise.resolve(false)
  if (socket.write(bytes)) return Promise.resolve(true)
  return new Promise((resolve) => {
    const settle = (alive: boolean) => {
      socket.off('drain', onDrain)
      socket.off('close', onClose)
      resolve(alive)
    }
    const onDrain = () => settle(true)
    const onClose = () => settle(false)
    socket.on('drain', onDrain)
    socket.on('close', onClose)
  })
}

export function head(status: number, headers: Readonly<Record<string, string | number>>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${status} ${status < 400 ? 'OK' : 'Error'}\r\n${lines.join('')}\r\n`
}

/** Resolves after the time, or at once when the connection closes. */
export function pause(socket: Socket, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      socket.off('close', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    if (socket.destroyed) done()
    else socket.on('close', done)
  })
}

export function whenClosed(socket: Socket): Promise<void> {
  if (socket.destroyed) return Promise.resolve()
  return new Promise((resolve) => socket.once('close', () => resolve()))
}
