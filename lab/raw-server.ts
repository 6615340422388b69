import net, { type AddressInfo, type Socket } from 'node:net'
import tls from 'node:tls'
import type { LabCertificate } from './certificate.ts'
import { type RawRequest, readRequests } from './raw-http.ts'

export interface RawServerOptions {
  /** Writes one answer; called for one request of a connection after the other. */
  readonly serve: (socket: Socket, request: RawRequest) => Promise<void>
  /** Default: a free one. */
  readonly port?: number | undefined
  readonly certificate?: LabCertificate | undefined
}

/** An HTTP/1.1 server on loopback whose answers are written byte by byte, so that they can be wrong. */
export interface RawServer {
  readonly port: number
  /** Connections that are open now. */
  readonly connections: number
  /** Closes the port and every connection; resolves when they are closed. */
  stop(): Promise<void>
}

export async function startRawServer({ serve, port, certificate }: RawServerOptions): Promise<RawServer> {
  const sockets = new Set<Socket>()

  async function converse(socket: Socket): Promise<void> {
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('close', () => sockets.delete(socket))
    // A client that resets is no event here: the answer in progress sees the closed socket.
    socket.on('error', () => socket.destroy())
    try {
      for await (const request of readRequests(socket)) {
        await serve(socket, request)
        if (socket.writableEnded || socket.destroyed) break
        if (request.headers.get('connection') === 'close') socket.end()
      }
    } catch (error) {
      if (!socket.destroyed) socket.destroy(error instanceof Error ? error : undefined)
    }
  }

  const server = certificate
    ? tls.createServer(
        { cert: certificate.cert, key: certificate.key, ALPNProtocols: ['http/1.1'] },
        converse,
      )
    : net.createServer(converse)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port ?? 0, '127.0.0.1', () => resolve())
  })
  let stopped: Promise<unknown> | undefined
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return sockets.size
    },
    async stop() {
      stopped ??= Promise.all([
        new Promise<void>((resolve) => server.close(() => resolve())),
        ...[...sockets].map((socket) => {
          const closed = new Promise((resolve) => socket.once('close', resolve))
          socket.destroy()
          return closed
        }),
      ])
      await stopped
    },
  }
}
