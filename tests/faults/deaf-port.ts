import net, { type Socket } from 'node:net'
import { startProcess } from '../support/spawned.ts'

/** A port whose SYNs the kernel drops: its owner is stopped, and the queue of what it did not accept is full. */
export interface DeafPort extends AsyncDisposable {
  readonly port: number
}

const mostConnections = 5000
const patienceMs = 300

/** @param port 0: any free one */
export async function startDeafPort(host: string, port = 0): Promise<DeafPort> {
  const owner = startProcess(process.execPath, [import.meta.path, host, String(port)], {
    cwd: import.meta.dirname,
    env: { PATH: process.env.PATH },
  })
  const fillers: Socket[] = []
  const end = async () => {
    for (const socket of fillers) socket.destroy()
    await owner[Symbol.asyncDispose]()
  }
  try {
    const taken = Number((await owner.sees(/^deaf on /)).split(' ').at(-1))
    owner.signal('SIGSTOP')
    while (await connects(host, taken, fillers)) {
      if (fillers.length > mostConnections) throw new Error(`${host}:${taken} still takes connections`)
    }
    return { port: taken, [Symbol.asyncDispose]: end }
  } catch (error) {
    await end()
    throw error
  }
}

function connects(host: string, port: number, fillers: Socket[]): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, host)
    fillers.push(socket)
    const late = setTimeout(() => resolve(false), patienceMs)
    socket.once('connect', () => {
      clearTimeout(late)
      resolve(true)
    })
    socket.on('error', (error) => {
      clearTimeout(late)
      reject(error)
    })
  })
}

if (import.meta.main) {
  const [host = '', port = '0'] = process.argv.slice(2)
  const server = net.createServer(() => undefined)
  server.listen(Number(port), host, () => {
    const address = server.address()
    const taken = typeof address === 'object' ? address?.port : undefined
    process.stdout.write(`deaf on ${taken}\n`)
  })
}
