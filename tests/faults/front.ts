import net, { type AddressInfo, type Socket } from 'node:net'

/** What is done with a connection from its first moment on. */
export type FrontMode = (socket: Socket) => void

/** A port in front of a source that can fail before any HTTP is spoken. */
export interface Front extends AsyncDisposable {
  readonly port: number
  mode: FrontMode
  /** Since the start. */
  readonly connections: number
  /** Refuses connections, and breaks those that are open. */
  goDown(): Promise<void>
  comeBack(): Promise<void>
}

export async function startFront(
  mode: FrontMode,
  { host, port: wanted } = { host: '127.0.0.1', port: 0 },
): Promise<Front> {
  const open = new Set<Socket>()
  let server: net.Server | undefined
  let port = wanted
  let connections = 0
  const front: Front = {
    get port() {
      return port
    },
    mode,
    get connections() {
      return connections
    },
    async goDown() {
      const closing = server
      server = undefined
      const closed = closing && new Promise<void>((resolve) => closing.close(() => resolve()))
      for (const socket of open) socket.destroy()
      await closed
    },
    async comeBack() {
      const opened = net.createServer((socket) => {
        connections++
        open.add(socket)
        socket.on('close', () => open.delete(socket))
        socket.on('error', () => socket.destroy())
        front.mode(socket)
      })
      await new Promise<void>((resolve, reject) => {
        opened.once('error', reject)
        opened.listen(port, host, () => resolve())
      })
      server = opened
      port = (opened.address() as AddressInfo).port
    },
    [Symbol.asyncDispose]: () => front.goDown(),
  }
  await front.comeBack()
  return front
}

export function forwardTo(port: number): FrontMode {
  return (socket) => {
    const onward = net.connect(port, '127.0.0.1')
    const end = () => {
      socket.destroy()
      onward.destroy()
    }
    socket.on('close', end)
    onward.on('close', end)
    onward.on('error', end)
    socket.pipe(onward)
    onward.pipe(socket)
  }
}

export const resetAtOnce: FrontMode = (socket) => {
  socket.resetAndDestroy()
}

/** Takes everything and never answers. */
export const silence: FrontMode = (socket) => {
  socket.resume()
}

export function answering(text: string): FrontMode {
  return (socket) => {
    socket.once('data', () => socket.end(text))
  }
}

/** A fatal handshake_failure (RFC 8446 section 6.2) as the answer to a ClientHello. */
export const tlsAlert: FrontMode = (socket) => {
  socket.once('data', () => socket.end(Buffer.from([21, 3, 3, 0, 2, 2, 40])))
}

/** A forward proxy that leads every tunnel to one port, whatever it is asked for. */
export function tunnelTo(port: number): FrontMode {
  return (socket) => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      forwardTo(port)(socket)
    })
  }
}
