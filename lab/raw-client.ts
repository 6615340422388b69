import net, { type Socket } from 'node:net'
import tls from 'node:tls'

export interface RawAnswer {
  /** 0 when no header came. */
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  /** Everything after the header, even beyond the announced length. */
  readonly body: Buffer
  /** `short`: the connection ended cleanly before the announced length; `idle`: nothing came for `idleMs`. */
  readonly end: 'whole' | 'short' | 'reset' | 'idle' | 'error'
  /** How many pieces the body came in. */
  readonly chunks: number
}

export interface RawFetchOptions {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Gives up after so long without a byte. Default 5,000. */
  readonly idleMs?: number
  /** PEM of an authority to trust. */
  readonly ca?: string
}

/** One request on a connection of its own, telling exactly how it ended; never throws for what the other side does. */
export function fetchRaw(address: string, options: RawFetchOptions = {}): Promise<RawAnswer> {
  const url = new URL(address)
  const port = Number(url.port)
  const secure = url.protocol === 'https:'
  const { promise, resolve } = Promise.withResolvers<RawAnswer>()
  const socket: Socket = secure
    ? tls.connect({ host: url.hostname, port, ...(options.ca === undefined ? {} : { ca: options.ca }) })
    : net.connect(port, url.hostname)
  let received = Buffer.alloc(0)
  let chunks = 0
  let settled = false

  const settle = (reason: 'closed' | 'idle' | 'reset' | 'error') => {
    if (settled) return
    settled = true
    clearTimeout(timer)
    socket.destroy()
    const answer = parseAnswer(received)
    const announced = Number(answer.headers.get('content-length') ?? Number.NaN)
    const whole = answer.status > 0 && answer.body.length >= announced
    const end = reason !== 'closed' ? reason : whole ? 'whole' : 'short'
    resolve({ ...answer, end, chunks })
  }
  const idleMs = options.idleMs ?? 5000
  let timer = setTimeout(() => settle('idle'), idleMs)
  socket.on(secure ? 'secureConnect' : 'connect', () => {
    const headers = Object.entries({
      Host: url.host,
      Connection: 'close',
      'Content-Length': String(Buffer.byteLength(options.body ?? '')),
      ...options.headers,
    })
    const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
    socket.write(
      `${options.method ?? 'GET'} ${url.pathname}${url.search} HTTP/1.1\r\n${lines}\r\n${options.body ?? ''}`,
    )
  })
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk])
    chunks++
    clearTimeout(timer)
    timer = setTimeout(() => settle('idle'), idleMs)
  })
  socket.on('end', () => settle('closed'))
  socket.on('close', () => settle('closed'))
  socket.on('error', (error: NodeJS.ErrnoException) =>
    settle(error.code === 'ECONNRESET' ? 'reset' : 'error'),
  )
  return promise
}

function parseAnswer(bytes: Buffer): { status: number; headers: Map<string, string>; body: Buffer } {
  const headers = new Map<string, string>()
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return { status: 0, headers, body: Buffer.alloc(0) }
  const [first = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n')
  for (const line of lines) {
    const colon = line.indexOf(':')
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim())
  }
  return { status: Number(first.split(' ')[1]), headers, body: bytes.subarray(end + 4) }
}
