import net, { type AddressInfo } from 'node:net'

/** A port of the loopback that nobody listened on a moment ago. */
export async function freePort(): Promise<number> {
  const server = net.createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const { port } = server.address() as AddressInfo
  await new Promise<void>((resolve) => server.close(() => resolve()))
  return port
}

/** False when nobody accepts a connection within `limitMs`. */
export async function isListening(port: number, limitMs: number): Promise<boolean> {
  const giveUpAt = performance.now() + limitMs
  while (!(await accepts(port))) {
    if (performance.now() > giveUpAt) return false
    await Bun.sleep(50)
  }
  return true
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
