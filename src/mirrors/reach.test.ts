import { describe, expect, test } from 'bun:test'
import net, { type AddressInfo, type Server } from 'node:net'
import tls, { createSecureContext, rootCertificates } from 'node:tls'
import { makeCertificate } from '../../lab/certificate.ts'
import { type Address, type Network, systemNetwork } from '../upstream/network.ts'
import { reach } from './reach.ts'

const four: Address = { address: '127.0.0.1', family: 4 }
const six: Address = { address: '::1', family: 6 }
const certificate = await makeCertificate(['m.example'])

function network(addresses: readonly Address[], more: Partial<Network> = {}): Network {
  return { ...systemNetwork(), lookup: async () => ({ addresses, ttlMs: 1000 }), ...more }
}

function go(url: string, seam: Network, stepMs = 2000) {
  return reach(new URL(url), {
    network: seam,
    trust: async () => createSecureContext({ ca: [...rootCertificates, certificate.ca] }),
    stepMs,
    signal: AbortSignal.timeout(10_000),
  })
}

async function listening(server: Server): Promise<AsyncDisposable & { port: number }> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const plain = () => net.createServer((socket) => void socket.on('error', () => socket.destroy()).resume())
const secure = (ALPNProtocols: string[]) =>
  tls.createServer({ cert: certificate.cert, key: certificate.key, ALPNProtocols }, (socket) => {
    socket.on('error', () => socket.destroy()).resume()
  })

describe('a connection', () => {
  test('over plain TCP has no TLS time', async () => {
    await using server = await listening(plain())
    const found = await go(`http://m.example:${server.port}`, network([four]))
    expect(found).toMatchObject({ tlsMs: undefined, httpVersion: 'http/1.1', ipv6: 'none' })
    expect(found.tcpMs).toBeGreaterThan(0)
  })
  for (const [offered, chosen] of [
    [['h2', 'http/1.1'], 'h2'],
    [['http/1.1'], 'http/1.1'],
  ] as const) {
    test(`to a server of ${offered.join(' and ')} speaks ${chosen}`, async () => {
      await using server = await listening(secure([...offered]))
      const found = await go(`https://m.example:${server.port}`, network([four]))
      expect(found.httpVersion).toBe(chosen)
      expect(found.tlsMs).toBeGreaterThan(0)
    })
  }
  test('shows a broken IPv6 behind a working IPv4', async () => {
    await using server = await listening(plain())
    expect(await go(`http://m.example:${server.port}`, network([six, four]))).toMatchObject({
      ipv6: 'broken',
    })
  })
})

describe('what goes wrong is told by its step:', () => {
  const failing = (url: string, seam: Network, stepMs?: number) =>
    go(url, seam, stepMs).then(
      () => 'no failure',
      (error: { failure?: { code: string } }) => error.failure?.code,
    )
  test('no such name', async () => {
    const lookup = () => Promise.reject(Object.assign(new Error('x'), { code: 'ENOTFOUND' }))
    expect(await failing('http://m.example', network([], { lookup }))).toBe('dns')
    expect(await failing('http://m.example', network([]))).toBe('dns')
  })
  test('a silent resolver', async () => {
    const { promise } = Promise.withResolvers<never>()
    expect(await failing('http://m.example', network([], { lookup: () => promise }), 50)).toBe('dns')
  })
  test('a refused connection', async () => {
    const server = await listening(plain())
    await server[Symbol.asyncDispose]()
    expect(await failing(`http://m.example:${server.port}`, network([four]))).toBe('connect')
  })
  test('a dropped SYN', async () => {
    const connect = () => new net.Socket()
    expect(await failing('http://m.example', network([four], { connect }), 50)).toBe('timeout')
  })
  test('plain text on the TLS port', async () => {
    await using server = await listening(
      net.createServer((socket) => void socket.resume().end('HTTP/1.1 400 no\r\n\r\n')),
    )
    expect(await failing(`https://m.example:${server.port}`, network([four]))).toBe('tls')
  })
  test('a handshake that never ends', async () => {
    await using server = await listening(plain())
    expect(await failing(`https://m.example:${server.port}`, network([four]), 100)).toBe('tls')
  })
  test('a certificate for another host', async () => {
    await using server = await listening(secure(['http/1.1']))
    expect(await failing(`https://m.elsewhere:${server.port}`, network([four]))).toBe('tls')
  })
})
