import { describe, expect, test } from 'bun:test'
import { expiredCertificate, leafCertificate, leafKey, trustedCa } from './testing/certificates.ts'
import { answer, fakeServer, saying } from './testing/fake-server.ts'
import {
  ask,
  failureOf,
  namedNetwork,
  nextOf,
  request,
  textOf,
  upstreamOf,
} from './testing/upstream-fixture.ts'

const ok = saying(answer('200 OK', 'whole'))
const sound = { key: leafKey, cert: leafCertificate }

describe('over TLS', () => {
  test('a source whose CA is named answers, by name and by address', async () => {
    await using trusted = await trustedCa()
    await using server = await fakeServer(ok, { tls: sound })
    const network = namedNetwork({ 'mirror.example': ['127.0.0.1'] })
    for (const url of [`https://mirror.example:${server.port}`, server.url]) {
      await using upstream = upstreamOf(url, { caFile: trusted.caFile, network })
      expect(await textOf(await ask(upstream))).toBe('whole')
      await using bySystem = upstreamOf(url, { env: { SSL_CERT_FILE: trusted.caFile }, network })
      expect(await textOf(await ask(bySystem))).toBe('whole')
    }
  })

  test.each([
    ['expired', { key: leafKey, cert: expiredCertificate }, 'mirror.example', true, /has expired/],
    ['for another host', sound, 'other.example', true, /for another host/],
    ['of an unknown authority', sound, 'mirror.example', false, /unknown authority/],
  ])('a certificate that is %s is refused', async (_, tls, host, trustsCa, text) => {
    await using trusted = await trustedCa()
    await using server = await fakeServer(ok, { tls })
    const network = namedNetwork({ [host]: ['127.0.0.1'] })
    const ca = trustsCa ? { caFile: trusted.caFile } : {}
    await using upstream = upstreamOf(`https://${host}:${server.port}`, { network, ...ca })
    const failure = await failureOf(await ask(upstream))
    expect(failure).toMatchObject({ code: 'tls', message: expect.stringMatching(text) })
    expect(failure.hint).toBeDefined()
    expect(server.seen.length).toBe(0)
  })

  test('plain HTTP on a TLS port is named as such', async () => {
    await using server = await fakeServer(ok, {
      onConnect: (socket) => void socket.write(answer('400 Bad Request')),
    })
    await using upstream = upstreamOf(server.url.replace('http:', 'https:'))
    const failure = await failureOf(await ask(upstream))
    expect(failure).toMatchObject({
      code: 'tls',
      message: expect.stringMatching(/plain text on its TLS port/),
    })
  })

  test('an alert, a cut and silence in the handshake are told apart', async () => {
    const faults = [
      [
        (socket: import('node:net').Socket) =>
          socket.once('data', () => socket.end(Buffer.from([21, 3, 3, 0, 2, 2, 40]))),
        'tls',
        /alert/,
      ],
      [
        (socket: import('node:net').Socket) => socket.once('data', () => socket.destroy()),
        'tls',
        /cut the connection/,
      ],
      [() => undefined, 'tls', /did not finish/],
    ] as const
    for (const [onConnect, code, message] of faults) {
      await using server = await fakeServer(() => undefined, { onConnect })
      await using upstream = upstreamOf(server.url.replace('http:', 'https:'), {
        limits: { handshakeMs: 200 },
      })
      expect(await failureOf(await ask(upstream))).toMatchObject({
        code,
        message: expect.stringMatching(message),
      })
    }
  })

  test('a CA file that is missing is named', async () => {
    await using server = await fakeServer(ok, { tls: sound })
    await using upstream = upstreamOf(server.url, { caFile: '/nowhere/ca.pem' })
    const failure = await failureOf(await ask(upstream))
    expect(failure).toMatchObject({ code: 'tls', message: expect.stringContaining('/nowhere/ca.pem') })
  })

  test('a body cut inside TLS is truncated', async () => {
    await using trusted = await trustedCa()
    await using server = await fakeServer(
      (socket) => void socket.end(answer('200 OK', 'part', { 'Content-Length': '99' })),
      { tls: sound },
    )
    await using upstream = upstreamOf(server.url, { caFile: trusted.caFile })
    expect(await failureOf(await ask(upstream))).toMatchObject({ code: 'truncated' })
  })
})

describe('a redirect', () => {
  const to = (location: string, fields: Record<string, string> = {}) =>
    saying(answer('302 Found', '', { Location: location, ...fields }))

  test('is followed, relative and absolute, and the connection kept', async () => {
    await using server = await fakeServer((socket, { target }) => {
      if (target.endsWith('/end')) socket.write(answer('200 OK', 'end'))
      else
        socket.write(answer('307 Elsewhere', '', { Location: target.endsWith('/two') ? 'end' : '/base/two' }))
    })
    await using upstream = upstreamOf(`${server.url}/base`)
    expect(await textOf(await ask(upstream))).toBe('end')
    expect(server.seen.map(({ target }) => target)).toEqual([
      '/base/m/@v/v1.0.0.zip',
      '/base/two',
      '/base/end',
    ])
  })

  test('in a circle ends after ten hops', async () => {
    await using server = await fakeServer(to('/again'))
    await using upstream = upstreamOf(server.url)
    expect(await failureOf(await ask(upstream))).toMatchObject({ code: 'redirect' })
    expect(server.seen.length).toBe(11)
  })

  test.each(['ftp://mirror.example/x', 'http://[', 'javascript:1'])('to %s is refused', async (location) => {
    await using server = await fakeServer(to(location))
    await using upstream = upstreamOf(server.url)
    expect(await failureOf(await ask(upstream))).toMatchObject({ code: 'redirect' })
  })

  test('from https to http is refused', async () => {
    await using trusted = await trustedCa()
    await using plain = await fakeServer(ok)
    await using server = await fakeServer(to(plain.url), { tls: sound })
    await using upstream = upstreamOf(server.url, { caFile: trusted.caFile })
    expect(await failureOf(await ask(upstream))).toMatchObject({
      code: 'redirect',
      message: expect.stringMatching(/plain http/),
    })
    expect(plain.connections).toBe(0)
  })

  test('to another host carries neither credentials nor the source’s own headers', async () => {
    await using other = await fakeServer(ok)
    await using server = await fakeServer(to(`${other.url}/x`))
    const id = new URL(server.url).host
    await using upstream = upstreamOf(server.url.replace('//', '//me:secret@'), {
      headers: { [id]: { 'X-Key': 'k' } },
    })
    expect(await textOf(await ask(upstream))).toBe('whole')
    expect(server.seen[0]?.headers.get('x-key')).toBe('k')
    expect(server.seen[0]?.headers.has('authorization')).toBe(true)
    expect(other.seen[0]?.headers.has('x-key')).toBe(false)
    expect(other.seen[0]?.headers.has('authorization')).toBe(false)
  })

  describe('from a public source', () => {
    /** The fake server plays every public address: only what is connected to is judged. */
    function publicNetwork(port: number, names: Record<string, readonly string[]>) {
      const network = namedNetwork(names)
      const dialled: string[] = []
      return {
        dialled,
        lookup: network.lookup,
        connect: (address: Parameters<typeof network.connect>[0]) => {
          dialled.push(address.address)
          const socket = network.connect({ address: '127.0.0.1', family: 4 }, port)
          Object.defineProperty(socket, 'remoteAddress', { value: address.address })
          return socket
        },
      }
    }

    test.each([
      ['http://127.0.0.1:1/', '127.0.0.1'],
      ['http://localhost:1/', 'localhost'],
      ['http://10.1.2.3/', '10.1.2.3'],
      ['http://192.168.1.1/', '192.168.1.1'],
      ['http://100.64.0.1/', '100.64.0.1'],
      ['http://169.254.169.254/latest/', '169.254.169.254'],
      ['http://[::1]/', '::1'],
      ['http://[fd00:ec2::254]/', 'fd00:ec2::254'],
      ['http://[::ffff:127.0.0.1]/', 'loopback'],
      ['http://[64:ff9b::7f00:1]/', 'loopback'],
      ['http://0/', '0.0.0.0'],
      ['http://2130706433/', '127.0.0.1'],
      ['http://198.18.0.5/', '198.18.0.5'],
      ['http://inside.example/', '10.0.0.7'],
    ])('to %s is refused without a packet', async (location, named) => {
      await using server = await fakeServer(to(location))
      const network = publicNetwork(server.port, {
        'mirror.example': ['93.184.216.34'],
        'inside.example': ['10.0.0.7'],
        localhost: ['127.0.0.1'],
      })
      await using upstream = upstreamOf('http://mirror.example', { network })
      const failure = await failureOf(await ask(upstream))
      expect(failure).toMatchObject({ code: 'redirect', message: expect.stringContaining(named) })
      expect(network.dialled).toEqual(['93.184.216.34'])
    })

    test('to a name that has a public and a private address uses the public one alone', async () => {
      await using server = await fakeServer((socket, { headers }) => {
        socket.write(
          headers.get('host') === 'cdn.example'
            ? answer('200 OK', 'cdn')
            : answer('302 Found', '', { Location: 'http://cdn.example/' }),
        )
      })
      const network = publicNetwork(server.port, {
        'mirror.example': ['93.184.216.34'],
        'cdn.example': ['10.0.0.7', '93.184.216.35'],
      })
      await using upstream = upstreamOf('http://mirror.example', { network })
      expect(await textOf(await ask(upstream))).toBe('cdn')
      expect(network.dialled).toEqual(['93.184.216.34', '93.184.216.35'])
    })

    test('to its own name, rebound to a private address, is refused', async () => {
      await using server = await fakeServer(
        (socket) => void socket.end(answer('302 Found', '', { Location: '/again', Connection: 'close' })),
      )
      const answers = ['93.184.216.34', '127.0.0.1']
      const network = {
        ...publicNetwork(server.port, {}),
        lookup: async () => ({
          addresses: [{ address: answers.shift() ?? '127.0.0.1', family: 4 as const }],
          ttlMs: 0,
        }),
      }
      await using upstream = upstreamOf('http://mirror.example', { network })
      expect(await failureOf(await ask(upstream))).toMatchObject({
        code: 'redirect',
        message: expect.stringContaining('127.0.0.1'),
      })
      expect(server.seen.length).toBe(1)
    })

    test.each(['10.0.0.0/8', 'inside.example'])(
      'to a private address that allowPrivate names (%s) is followed',
      async (allowed) => {
        await using server = await fakeServer((socket, { headers }) => {
          socket.write(
            headers.get('host') === 'inside.example'
              ? answer('200 OK', 'inside')
              : answer('302 Found', '', { Location: 'http://inside.example/' }),
          )
        })
        const network = publicNetwork(server.port, {
          'mirror.example': ['93.184.216.34'],
          'inside.example': ['10.0.0.7'],
        })
        await using upstream = upstreamOf('http://mirror.example', { network, allowPrivate: [allowed] })
        expect(await textOf(await ask(upstream))).toBe('inside')
      },
    )

    test('within a fake-IP range is followed when the source itself lies there', async () => {
      await using server = await fakeServer((socket, { headers }) => {
        socket.write(
          headers.get('host') === 'cdn.example'
            ? answer('200 OK', 'cdn')
            : answer('302 Found', '', { Location: 'http://cdn.example/' }),
        )
      })
      const network = publicNetwork(server.port, {
        'mirror.example': ['198.18.0.4'],
        'cdn.example': ['198.18.0.5'],
      })
      await using upstream = upstreamOf('http://mirror.example', { network })
      expect(await textOf(await ask(upstream))).toBe('cdn')
    })

    test('a pooled connection to a private source does not serve a redirect that may not go there', async () => {
      await using server = await fakeServer((socket, { headers }) => {
        socket.write(
          headers.get('host') === 'mirror.example'
            ? answer('302 Found', '', { Location: 'http://corp.example/' })
            : answer('200 OK', 'corp'),
        )
      })
      const network = publicNetwork(server.port, {
        'mirror.example': ['93.184.216.34'],
        'corp.example': ['10.0.0.7'],
      })
      await using upstream = upstreamOf('http://corp.example,http://mirror.example', { network })
      const walk = upstream.walk(request)
      expect(await textOf(await nextOf(walk))).toBe('corp')
      upstream.setLists({
        go: [
          {
            kind: 'source',
            id: 'm',
            url: 'http://mirror.example',
            next: undefined,
            foundIn: '',
            origin: true,
          },
        ],
      })
      expect(await failureOf(await ask(upstream))).toMatchObject({ code: 'redirect' })
    })
  })
})
