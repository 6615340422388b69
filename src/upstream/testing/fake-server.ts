/** A server that says exactly the bytes it is told to, with every fault that a network has. */

import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'

/** One request as it came in. */
export interface SeenRequest {
  readonly method: string
  readonly target: string
  readonly headers: ReadonlyMap<string, string>
  /** Counted over the server's life, from 1. */
  readonly connection: number
}

/** Answers one request by hand. */
export type Script = (socket: Socket, request: SeenRequest) => void | Promise<void>

export interface FakeServer extends AsyncDisposable {
  readonly url: string
  readonly port: number
  readonly seen: readonly SeenRequest[]
  readonly connections: number
  /** Open at this moment. */
  readonly open: number
  script: Script
}

export async function fakeServer(
  script: Script,
  options: { readonly tls?: TlsOptions; readonly onConnect?: (socket: Socket) => void } = {},
): Promise<FakeServer> {
  const seen: SeenRequest[] = []
  const sockets = new Set<Socket>()
  let connections = 0
  const serve = (socket: Socket) => {
    const connection = ++connections
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    // Faults are the purpose here: the peer's reset is no news.
    socket.on('error', () => sockets.delete(socket))
    options.onConnect?.(socket)
    let text = ''
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
      for (let end = text.indexOf('\r\n\r\n'); end !== -1; end = text.indexOf('\r\n\r\n')) {
        const request = parseRequest(text.slice(0, end), connection)
        text = text.slice(end + 4)
        seen.push(request)
        void server.script(socket, request)
      }
    })
  }
  const listener: Server =
    options.tls === undefined ? createServer(serve) : createTlsServer(options.tls, serve)
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const address = listener.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const server: FakeServer = {
    url: `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    port,
    seen,
    get connections() {
      return connections
    },
    get open() {
      return sockets.size
    },
    script,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      const closed = once(listener, 'close')
      listener.close()
      await closed
    },
  }
  return server
}

function parseRequest(head: string, connection: number): SeenRequest {
  const [first = '', ...fields] = head.split('\r\n')
  const [method = '', target = ''] = first.split(' ')
  const headers = new Map(
    fields.map((field) => {
      const colon = field.indexOf(':')
      return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()] as const
    }),
  )
  return { method, target, headers, connection }
}

/** A whole answer; a length is added unless the fields have one. */
export function answer(
  status: string,
  body: string | Uint8Array = '',
  fields: Record<string, string> = {},
): Buffer {
  const bytes = Buffer.from(body)
  const all = { 'Content-Length': String(bytes.length), ...fields }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.concat([Buffer.from(`HTTP/1.1 ${status}\r\n${lines.join('')}\r\n`), bytes])
}

/** The usual script: the same bytes for every request. */
export function saying(bytes: string | Uint8Array): Script {
  return (socket) => {
    socket.write(bytes)
  }
}
