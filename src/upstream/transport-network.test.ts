import { describe, expect, test } from 'bun:test'
import { Socket } from 'node:net'
import type { Network } from './network.ts'
import { leafCertificate, leafKey, trustedCa } from './testing/certificates.ts'
import { answer, fakeServer, type Script, saying } from './testing/fake-server.ts'
import { ask, failureOf, namedNetwork, textOf, upstreamOf } from './testing/upstream-fixture.ts'

const ok = saying(answer('200 OK', 'whole'))

function failingLookup(code: string): Network {
  return { ...namedNetwork({}), lookup: () => Promise.reject(Object.assign(new Error(code), { code })) }
}

/** Addresses under 203.0.113.0/24 swallow every packet; the others are this machine. */
function withBlackHole(
  names: Readonly<Record<string, readonly string[]>>,
): Network & { readonly dialled: string[] } {
  const network = namedNetwork(names)
  const dialled: string[] = []
  return {
    dialled,
    lookup: network.lookup,
    connect: (address, port) => {
      dialled.push(address.address)
      return address.address.startsWith('203.0.113.') ? new Socket() : network.connect(address, port)
    },
  }
}

describe('names', () => {
  test.each(['ENOTFOUND', 'ENODATA', 'ESERVFAIL', 'EAI_AGAIN', 'ECONNREFUSED', 'ETIMEOUT'])(
    '%s is dns',
    async (code) => {
      await using upstream = upstreamOf('http://mirror.example', { network: failingLookup(code) })
      const failure = await failureOf(await ask(upstream))
      expect(failure).toMatchObject({ code: 'dns', message: expect.stringContaining('mirror.example') })
      expect(failure.hint).toBeDefined()
    },
  )

  test('a resolver that says nothing is dns, within its time', async () => {
    const network = { ...namedNetwork({}), lookup: () => new Promise<never>(() => undefined) }
    await using upstream = upstreamOf('http://mirror.example', { network, limits: { dnsMs: 50 } })
    expect(await failureOf(await ask(upstream))).toMatchObject({
      code: 'dns',
      message: expect.stringMatching(/did not answer/),
    })
  })

  test('a known address outlives the resolver', async () => {
    await using server = await fakeServer(
      (socket) => void socket.end(answer('200 OK', 'whole', { Connection: 'close' })),
    )
    let now = 0
    let works = true
    const known = namedNetwork({ 'mirror.example': ['127.0.0.1'] })
    const network: Network = {
      ...known,
      lookup: (host) => (works ? known.lookup(host) : failingLookup('ESERVFAIL').lookup(host)),
    }
    await using upstream = upstreamOf(`http://mirror.example:${server.port}`, { network, now: () => now })
    expect(await textOf(await ask(upstream))).toBe('whole')
    works = false
    now += 3_600_000
    expect(await textOf(await ask(upstream))).toBe('whole')
  })

  test('many requests at once ask the resolver once', async () => {
    await using server = await fakeServer(ok)
    const known = namedNetwork({ 'mirror.example': ['127.0.0.1'] })
    let lookups = 0
    const network: Network = {
      ...known,
      lookup: (host) => {
        lookups++
        return known.lookup(host)
      },
    }
    await using upstream = upstreamOf(`http://mirror.example:${server.port}`, { network })
    await Promise.all(Array.from({ length: 10 }, () => ask(upstream)))
    expect(lookups).toBe(1)
  })
})

describe('addresses', () => {
  test('a refused connection is connect', async () => {
    const server = await fakeServer(ok)
    await server[Symbol.asyncDispose]()
    await using upstream = upstreamOf(server.url)
    expect(await failureOf(await ask(upstream))).toMatchObject({
      code: 'connect',
      message: expect.stringMatching(/refused/),
    })
  })

  test('packets that vanish are connect, within its time', async () => {
    await using upstream = upstreamOf('http://mirror.example', {
      network: withBlackHole({ 'mirror.example': ['203.0.113.1'] }),
      limits: { connectMs: 50 },
    })
    expect(await failureOf(await ask(upstream))).toMatchObject({
      code: 'connect',
      message: expect.stringMatching(/connection within 50 ms/),
    })
  })

  test.each([
    ['silent', '203.0.113.1'],
    ['refusing', '127.0.0.2'],
  ])('one of two that is %s costs a moment, and only once', async (_, dead) => {
    await using server = await fakeServer(
      (socket) => void socket.end(answer('200 OK', 'whole', { Connection: 'close' })),
    )
    const network = withBlackHole({ 'mirror.example': [dead, '127.0.0.1'] })
    await using upstream = upstreamOf(`http://mirror.example:${server.port}`, { network })
    expect(await textOf(await ask(upstream))).toBe('whole')
    expect(network.dialled).toEqual([dead, '127.0.0.1'])
    expect(await textOf(await ask(upstream))).toBe('whole')
    expect(network.dialled).toEqual([dead, '127.0.0.1', '127.0.0.1'])
  })

  test('broken IPv6 does not hide working IPv4', async () => {
    await using server = await fakeServer(ok)
    const named = namedNetwork({ 'mirror.example': ['127.0.0.1', '2001:db8::1', '2001:db8::2'] })
    const dialled: string[] = []
    const network: Network = {
      lookup: named.lookup,
      connect: (address, port) => {
        dialled.push(address.address)
        return address.family === 6 ? new Socket() : named.connect(address, port)
      },
    }
    await using upstream = upstreamOf(`http://mirror.example:${server.port}`, { network })
    expect(await textOf(await ask(upstream))).toBe('whole')
    expect(dialled).toEqual(['2001:db8::1', '127.0.0.1'])
  })
})

describe('a proxy', () => {
  /** A forward proxy that says `answerText` to CONNECT and then passes bytes to `port`. */
  const connectProxy = (port: number, reply = 'HTTP/1.1 200 Established\r\n\r\n'): Script => {
    const network = namedNetwork({})
    return (socket, { method }) => {
      if (method !== 'CONNECT') return void socket.write(answer('200 OK', 'by the proxy'))
      socket.write(reply)
      socket.removeAllListeners('data')
      if (!reply.includes(' 200 ')) return undefined
      const inner = network.connect({ address: '127.0.0.1', family: 4 }, port)
      inner.on('error', () => socket.destroy())
      inner.on('close', () => socket.destroy())
      socket.on('close', () => inner.destroy())
      socket.on('data', (chunk: Buffer) => void inner.write(chunk))
      inner.on('data', (chunk: Buffer) => void socket.write(chunk))
      return undefined
    }
  }

  test('carries https by CONNECT, with its credentials, and verifies the source itself', async () => {
    await using server = await fakeServer(ok, { tls: { key: leafKey, cert: leafCertificate } })
    await using proxy = await fakeServer(connectProxy(server.port))
    await using trusted = await trustedCa()
    await using upstream = upstreamOf('https://mirror.example', {
      caFile: trusted.caFile,
      env: { HTTPS_PROXY: proxy.url.replace('//', '//u:p%40@') },
      network: namedNetwork({}),
    })
    expect(await textOf(await ask(upstream))).toBe('whole')
    expect(proxy.seen[0]).toMatchObject({ method: 'CONNECT', target: 'mirror.example:443' })
    expect(proxy.seen[0]?.headers.get('proxy-authorization')).toBe(
      `Basic ${Buffer.from('u:p@').toString('base64')}`,
    )
    expect(server.seen[0]?.headers.has('proxy-authorization')).toBe(false)
  })

  test('carries http in absolute form', async () => {
    await using proxy = await fakeServer(connectProxy(0))
    await using upstream = upstreamOf('http://mirror.example/base', {
      env: { http_proxy: proxy.url },
      network: namedNetwork({}),
    })
    expect(await textOf(await ask(upstream))).toBe('by the proxy')
    expect(proxy.seen[0]?.target).toBe('http://mirror.example/base/m/@v/v1.0.0.zip')
  })

  test.each([
    ['refuses', 'HTTP/1.1 403 Forbidden\r\n\r\n', /status 403/],
    ['wants credentials', 'HTTP/1.1 407 Proxy Authentication Required\r\n\r\n', /wants credentials/],
    ['stalls', '', /did not answer/],
    ['talks nonsense', 'hello\r\n\r\n', /not HTTP/],
  ])('that %s is the proxy’s failure', async (_, reply, message) => {
    await using proxy = await fakeServer(connectProxy(0, reply))
    await using upstream = upstreamOf('https://mirror.example', {
      env: { HTTPS_PROXY: proxy.url.replace('//', '//u:secret@') },
      network: namedNetwork({}),
      limits: { handshakeMs: 100 },
    })
    const failure = await failureOf(await ask(upstream))
    expect(failure).toMatchObject({ code: 'proxy', message: expect.stringMatching(message) })
    expect(JSON.stringify(failure)).not.toContain('secret')
  })

  test('that wants credentials for plain http is the proxy’s failure too', async () => {
    await using proxy = await fakeServer(saying(answer('407 No')))
    await using upstream = upstreamOf('http://mirror.example', {
      env: { http_proxy: proxy.url },
      network: namedNetwork({}),
    })
    expect(await failureOf(await ask(upstream))).toMatchObject({ code: 'proxy', status: 407 })
  })

  test('that is down is the proxy’s failure', async () => {
    const proxy = await fakeServer(ok)
    await proxy[Symbol.asyncDispose]()
    await using upstream = upstreamOf('http://mirror.example', {
      env: { HTTP_PROXY: proxy.url },
      network: namedNetwork({}),
    })
    expect(await failureOf(await ask(upstream))).toMatchObject({
      code: 'proxy',
      message: expect.stringContaining('HTTP_PROXY'),
    })
  })

  test('does not stand between us and loopback', async () => {
    await using server = await fakeServer(ok)
    await using upstream = upstreamOf(server.url, { env: { HTTP_PROXY: 'http://127.0.0.1:1' } })
    expect(await textOf(await ask(upstream))).toBe('whole')
  })

  test('that is named wrongly is told by its variable', async () => {
    await using upstream = upstreamOf('http://mirror.example', { env: { HTTP_PROXY: 'gopher://x' } })
    expect(await failureOf(await ask(upstream))).toMatchObject({
      code: 'proxy',
      message: expect.stringContaining('HTTP_PROXY'),
    })
  })

  test.each([
    ['socks5://', [5, 1, 0], [5, 0]],
    ['socks5h://u:p@', [5, 2, 0, 2], [5, 2]],
  ])('of SOCKS 5 (%s) is asked for the name', async (prefix, greeting, method) => {
    const got: number[][] = []
    await using proxy = await fakeServer(() => undefined, {
      onConnect: (socket) => {
        const replies = [method, ...(method[1] === 2 ? [[1, 0]] : []), [5, 0, 0, 1, 0, 0, 0, 0, 0, 0]]
        socket.on('data', (chunk: Buffer) => {
          got.push([...chunk])
          const reply = replies.shift()
          socket.write(reply === undefined ? answer('200 OK', 'by socks') : Buffer.from(reply))
        })
      },
    })
    await using upstream = upstreamOf('http://mirror.example', {
      env: { ALL_PROXY: `${prefix}127.0.0.1:${proxy.port}` },
      network: namedNetwork({}),
    })
    expect(await textOf(await ask(upstream))).toBe('by socks')
    expect(got[0]).toEqual(greeting)
    const connect = got.find(
      ([version, command, zero]) => version === 5 && command === 1 && zero === 0 && got.length > 1,
    )
    expect(connect).toBeDefined()
    expect(Buffer.from(got.at(-2) ?? []).toString('latin1')).toContain('mirror.example')
  })
})
