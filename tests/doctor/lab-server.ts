import { connect, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import type { LabAuthority } from './certificate.ts'

export interface LabRequest {
  readonly path: string
  readonly method: string
  readonly headers: ReadonlyMap<string, string>
}

/** Writes raw bytes: an answer may be as wrong as it likes. */
export type LabHandler = (request: LabRequest, socket: Socket) => void | Promise<void>

export interface LabServer extends AsyncDisposable {
  readonly port: number
}

export interface ServeOptions {
  readonly handler: LabHandler
  /** Undefined: plain HTTP. `chain` is sent after the certificate. */
  readonly certificate?: LabAuthority
  readonly chain?: readonly LabAuthority[]
  readonly host?: string
  readonly port?: number
}

/** One request a connection, over TLS when there is a certificate. */
export async function startLabServer(options: ServeOptions): Promise<LabServer> {
  const { certificate, chain = [], handler } = options
  const serve = (socket: Socket) => {
    let raw = Buffer.alloc(0)
    socket.on('error', () => socket.destroy())
    socket.on('data', (chunk: Buffer) => {
      raw = Buffer.concat([raw, chunk])
      const end = raw.indexOf('\r\n\r\n')
      if (end === -1) return
      const [first = '', ...lines] = raw.subarray(0, end).toString('latin1').split('\r\n')
      raw = Buffer.alloc(0)
      const [method = '', path = ''] = first.split(' ')
      const headers = new Map(
        lines.map((line) => [
          line.split(':', 1)[0]?.toLowerCase() ?? '',
          line.slice(line.indexOf(':') + 1).trim(),
        ]),
      )
      void handler({ method, path, headers }, socket)
    })
  }
  const server =
    certificate === undefined
      ? createServer(serve)
      : createTlsServer(
          { key: certificate.key, cert: [certificate, ...chain].map(({ cert }) => cert).join('') },
          serve,
        )
  server.on('tlsClientError', () => undefined)
  return listen(server, options)
}

/** A server of bare connections. */
export function startBareServer(
  onConnection: (socket: Socket) => void,
  options: { readonly host?: string; readonly port?: number } = {},
): Promise<LabServer> {
  return listen(
    createServer((socket) => {
      socket.on('error', () => socket.destroy())
      onConnection(socket)
    }),
    options,
  )
}

async function listen(
  server: Server,
  { host = '127.0.0.1', port = 0 }: { readonly host?: string; readonly port?: number },
): Promise<LabServer> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => resolve())
  })
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

/** Passes a connection on to another port once `decide` has seen its first bytes; `decide` may do anything else. */
export function startFront(
  target: number,
  decide: (first: Buffer, socket: Socket) => 'pass' | 'taken',
): Promise<LabServer> {
  return startBareServer((socket) => {
    socket.once('data', (first: Buffer) => {
      if (decide(first, socket) === 'taken') return
      const onward = connect(target, '127.0.0.1')
      onward.on('error', () => socket.destroy())
      socket.on('close', () => onward.destroy())
      onward.write(first)
      socket.pipe(onward)
      onward.pipe(socket)
    })
  })
}

export function answer(
  socket: Socket,
  {
    status = 200,
    headers = {},
    body = '',
  }: { status?: number; headers?: Record<string, string>; body?: string | Buffer },
): void {
  const bytes = Buffer.from(body)
  const all = {
    Date: new Date().toUTCString(),
    'Content-Length': String(bytes.length),
    Connection: 'close',
    ...headers,
  }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(Buffer.concat([Buffer.from(`HTTP/1.1 ${status} -\r\n${lines.join('')}\r\n`), bytes]))
  socket.end()
}
