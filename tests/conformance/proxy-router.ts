import { createServer, connect as dial, type Socket } from 'node:net'

export interface ProxyRouter extends AsyncDisposable {
  /** The GOPROXY value for the scripts. */
  readonly url: string
}

export interface RouterOptions {
  /** The reference upstream, ending in `/mod`. */
  readonly reference: URL
  /** The proxy under test; without one everything goes to the reference. */
  readonly through: URL | undefined
}

/** The reference's prefixes that misbehave on purpose: they test the client, and are no module paths. */
const misbehaving = /^\/mod\/(\d+|invalid|quiet|redirect|sumdb-[a-z0-9]+)\//

const maxHeadBytes = 64 * 1024

/**
 * Stands in front of the proxy under test and passes bytes on as they are, one request a connection: the request
 * target is the only thing it reads, so that no HTTP library comes between the client and the proxy.
 */
export async function startProxyRouter(options: RouterOptions): Promise<ProxyRouter> {
  const clients = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (client) => {
    clients.add(client)
    client.on('close', () => clients.delete(client))
    client.on('error', () => client.destroy())
    readHead(client, (head, rest) => forward(client, head, rest, options))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the router has no port')
  return {
    url: `http://127.0.0.1:${address.port}/mod`,
    [Symbol.asyncDispose]: async () => {
      for (const client of clients) client.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

/** Where a request target goes, and as what. Undefined when it is outside of `/mod/`. */
export function routeTarget(target: string, options: RouterOptions): { to: URL; target: string } | undefined {
  if (!target.startsWith('/mod/')) return undefined
  const { through } = options
  if (through === undefined || misbehaving.test(target)) return { to: options.reference, target }
  return { to: through, target: `${through.pathname.replace(/\/$/, '')}${target.slice('/mod'.length)}` }
}

function readHead(client: Socket, done: (head: string, rest: Buffer) => void): void {
  let read = Buffer.alloc(0)
  const take = (piece: Buffer) => {
    read = Buffer.concat([read, piece])
    const end = read.indexOf('\r\n\r\n')
    if (end < 0 && read.length <= maxHeadBytes) return
    client.off('data', take).pause()
    if (end < 0) client.destroy()
    else done(read.toString('latin1', 0, end), read.subarray(end + 4))
  }
  client.on('data', take)
}

function forward(client: Socket, head: string, rest: Buffer, options: RouterOptions): void {
  const [requestLine = '', ...headers] = head.split('\r\n')
  const [method = '', target = '', version = ''] = requestLine.split(' ')
  const route = routeTarget(target, options)
  if (route === undefined) {
    answer(client, '404 Not Found', 'the router knows only /mod/')
    return
  }
  const upstream = dial({
    host: route.to.hostname,
    port: Number(route.to.port || 80),
    allowHalfOpen: true,
  })
  const kept = headers.filter((header) => !/^(host|connection):/i.test(header))
  const passed = [
    `${method} ${route.target} ${version}`,
    `Host: ${route.to.host}`,
    ...kept,
    'Connection: close',
  ]
  upstream.on('error', (error) => {
    if (client.bytesWritten === 0)
      answer(client, '502 Bad Gateway', `the router cannot reach ${route.to.host}: ${error}`)
    else client.destroy()
  })
  client.on('close', () => upstream.destroy())
  upstream.on('connect', () => {
    upstream.write(Buffer.concat([Buffer.from(`${passed.join('\r\n')}\r\n\r\n`, 'latin1'), rest]))
    client.pipe(upstream)
    upstream.pipe(client)
  })
}

function answer(client: Socket, status: string, text: string): void {
  const head = `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(text)}`
  client.end(`${head}\r\nConnection: close\r\n\r\n${text}`)
}
