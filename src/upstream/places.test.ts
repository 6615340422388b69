import { describe, expect, test } from 'bun:test'
import type { Network } from './network.ts'
import { systemNetwork } from './network.ts'
import { placesAsStops } from './places.ts'
import { SourceRecords } from './source-record.ts'
import { answer, fakeServer, saying } from './testing/fake-server.ts'
import { stalls, truncates, whole } from './testing/scripts.ts'
import {
  ask,
  bodyOf,
  failureOf,
  listOf,
  namedNetwork,
  nextOf,
  request,
  textOf,
  upstreamOf,
} from './testing/upstream-fixture.ts'

const ok = saying(answer('200 OK', 'whole'))
const publicList = 'https://registry.example/npm'

/** A list whose source is public by its name; nothing is asked of it. */
const fromPublic = (places: readonly string[], more: Parameters<typeof upstreamOf>[1] = {}) =>
  upstreamOf(publicList, more).walk({ ...request, places })

function sourcesAt(places: readonly string[], list = publicList, others: readonly string[] = []) {
  const [stop] = placesAsStops(places, listOf(list), new Set(others)) ?? []
  return stop?.kind === 'group' ? stop.sources : []
}

describe('places that metadata names', () => {
  test('stand for the list; the next is asked when one is dead', async () => {
    await using gone = await fakeServer(ok)
    const dead = `${gone.url}/a.tgz`
    await gone[Symbol.asyncDispose]()
    await using good = await fakeServer(ok)
    await using listed = await fakeServer(ok)
    await using upstream = upstreamOf(listed.url)
    const found = await ask(upstream, { places: [dead, `${good.url}/files/a.tgz?x=1`] })
    expect(await textOf(found)).toBe('whole')
    expect([good.seen.map(({ target }) => target), listed.seen.length]).toEqual([['/files/a.tgz?x=1'], 0])
  })

  test('a miss at one is no miss at all of them; a miss at all of them is', async () => {
    await using lacking = await fakeServer(saying(answer('404 Not Found', 'not here')))
    await using good = await fakeServer(ok)
    await using upstream = upstreamOf(lacking.url)
    const found = await ask(upstream, { places: [`${lacking.url}/a`, `${good.url}/a`] })
    expect(await textOf(found)).toBe('whole')
    const missing = await ask(upstream, { places: [`${lacking.url}/b`, `${lacking.url}/c`] })
    expect(missing).toMatchObject({ kind: 'missing', status: 404 })
  })

  test('a body that breaks, or is other than it announced, goes on elsewhere', async () => {
    await using broken = await fakeServer(truncates)
    await using good = await fakeServer(
      (socket) => void socket.write(answer('200 OK', whole, { ETag: '"v1"' })),
    )
    await using upstream = upstreamOf(good.url, { limits: { stallMs: 300 } })
    const places = [`${broken.url}/a`, `${good.url}/a`]
    expect(await bodyOf(await ask(upstream, { places }))).toEqual(whole)
    broken.script = stalls
    expect(await bodyOf(await ask(upstream, { places }))).toEqual(whole)
    broken.script = saying('HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nwhole')
    expect(await bodyOf(await ask(upstream, { places }))).toEqual(whole)
  })

  test('a wrong body makes room for the next one', async () => {
    await using wrong = await fakeServer(saying(answer('200 OK', 'wrong')))
    await using good = await fakeServer(ok)
    await using upstream = upstreamOf(good.url)
    const walk = upstream.walk({ ...request, places: [`${wrong.url}/a`, `${good.url}/a`] })
    const bodies: string[] = []
    for (let answered = await nextOf(walk); answered.kind === 'found'; answered = await nextOf(walk)) {
      bodies.push(await textOf(answered))
      if (bodies.at(-1) === 'whole') break
      walk.reject({ code: 'wrong-content', message: 'not what its hash says' })
    }
    expect(bodies.at(-1)).toBe('whole')
  })

  test.each([
    ['a private address', 'http://10.1.2.3/a'],
    ['loopback', 'http://127.0.0.1:1/a'],
    ['loopback in IPv6', 'http://[::1]:1/a'],
    ['loopback inside an IPv6 address', 'http://[::ffff:7f00:1]:1/a'],
    ['loopback as a number', 'http://2130706433:1/a'],
    ['localhost', 'http://localhost:1/a'],
    ['link-local', 'http://169.254.169.254/latest/meta-data/'],
    ['a cloud metadata service', 'http://[fd00:ec2::254]/a'],
    ['nowhere', 'http://0.0.0.0:1/a'],
  ])('from a public source never lead to %s', async (_, place) => {
    let dialled = 0
    const system = systemNetwork()
    const network: Network = {
      lookup: system.lookup,
      connect: (...to) => {
        dialled++
        return system.connect(...to)
      },
    }
    const walked = await nextOf(fromPublic([place], { network }))
    expect(await failureOf(walked)).toMatchObject({ code: 'redirect' })
    expect(dialled).toBe(0)
  })

  test('are judged by the address that is connected to, at every connection', async () => {
    await using inside = await fakeServer(ok)
    const network = namedNetwork({ 'files.example': ['127.0.0.1'] })
    const walked = await nextOf(fromPublic([`http://files.example:${inside.port}/a`], { network }))
    expect(await failureOf(walked)).toMatchObject({
      code: 'redirect',
      hint: expect.stringContaining('upstream.allowPrivate'),
    })
    expect(inside.connections).toBe(0)
  })

  test('a name that moves to this machine after its first answer is refused', async () => {
    await using inside = await fakeServer(ok)
    let nowMs = 1_800_000_000_000
    let lookups = 0
    const system = systemNetwork()
    const network: Network = {
      // The first address is public; whoever listens there stands in for it and closes after one answer.
      connect: (address, port) => system.connect({ ...address, address: '127.0.0.1' }, port),
      lookup: async () => {
        const address = lookups++ === 0 ? '203.0.113.7' : '127.0.0.1'
        return { addresses: [{ address, family: 4 }], ttlMs: 1_000 }
      },
    }
    await using upstream = upstreamOf(publicList, { network, now: () => nowMs })
    const places = [`http://files.example:${inside.port}/a`]
    // What the socket says of itself counts too: here it is loopback, although the name said otherwise.
    expect(await failureOf(await ask(upstream, { places }))).toMatchObject({ code: 'redirect' })
    const before = inside.seen.length
    nowMs += 10_000
    expect(await failureOf(await ask(upstream, { places }))).toMatchObject({ code: 'redirect' })
    expect([before, inside.seen.length, lookups]).toEqual([0, 0, 2])
  })

  test('may lead to a private address that the settings allow, or that is on the host of a listed source', async () => {
    await using inside = await fakeServer(ok)
    const network = namedNetwork({ 'files.example': ['127.0.0.1'], 'registry.example': ['127.0.0.1'] })
    const place = `http://files.example:${inside.port}/a`
    for (const allowPrivate of [['127.0.0.0/8'], ['files.example']]) {
      expect(await textOf(await nextOf(fromPublic([place], { network, allowPrivate })))).toBe('whole')
    }
    await using listed = upstreamOf(`http://registry.example:${inside.port}/npm`, { network })
    const own = `http://registry.example:${inside.port}/npm/left-pad/-/left-pad-1.0.0.tgz`
    expect(await textOf(await ask(listed, { places: [own] }))).toBe('whole')
    expect(inside.seen.at(-1)?.target).toBe('/npm/left-pad/-/left-pad-1.0.0.tgz')
  })

  test('are web addresses without user information, each once, and eight at most', () => {
    const bad = [
      'ftp://a.example/x',
      'file:///etc/passwd',
      'http://u:p@a.example/x',
      'http://u@a.example/x',
      '',
      '//a.example',
      `http://a.example/${'x'.repeat(3_000)}`,
      'javascript:1',
      'http://[::1',
    ]
    const good = Array.from({ length: 20 }, (_, index) => `https://files${index}.example/a`)
    expect(
      sourcesAt([...bad, 'https://a.example/x#1', 'https://a.example/x#2']).map(({ url }) => url),
    ).toEqual(['https://a.example/x'])
    expect(sourcesAt([...bad, ...good])).toHaveLength(8)
    expect(sourcesAt(bad)).toEqual([])
  })

  test('none of which can be asked are a failure that says so, not an empty list', async () => {
    const walked = await nextOf(fromPublic(['ftp://a.example/x']))
    expect(await failureOf(walked)).toMatchObject({
      code: 'malformed',
      message: expect.stringContaining('names no address'),
    })
  })

  test('carry credentials to the host of a listed source, and to no host of another list', async () => {
    await using own = await fakeServer(ok)
    await using other = await fakeServer(ok)
    const headers = {
      [`127.0.0.1:${own.port}`]: { Authorization: 'Bearer own' },
      [`127.0.0.1:${other.port}`]: { Authorization: 'Bearer other' },
    }
    const lists = { go: listOf(own.url), private: listOf(other.url) }
    await using upstream = upstreamOf(own.url, { headers, lists })
    await textOf(await ask(upstream, { places: [`${own.url}/a`] }))
    await textOf(await ask(upstream, { places: [`${other.url}/secret`] }))
    expect(own.seen.at(-1)?.headers.get('authorization')).toBe('Bearer own')
    expect(other.seen.at(-1)?.headers.has('authorization')).toBe(false)
  })

  test('in plain http are not what the same host is over https', () => {
    const list = 'https://user:secret@registry.example/npm'
    const [same] = sourcesAt(['https://registry.example/a.tgz'], list)
    const [plain] = sourcesAt(['http://registry.example/a.tgz'], list)
    expect([same?.id, same?.placeOf]).toEqual(['registry.example', {}])
    expect([plain?.id, plain?.placeOf]).toEqual([
      'http://registry.example',
      { class: 'public', isForeign: true },
    ])
  })
})

describe('what is remembered of hosts', () => {
  test('is bounded, whatever metadata names; listed sources are never forgotten', () => {
    const records = new SourceRecords()
    records.keep(new Set(['registry.example']))
    records.of('registry.example').proofSucceeded()
    for (let host = 0; host < 20_000; host++) records.of(`files${host}.example`).requests++
    expect(records.size).toBeLessThanOrEqual(1_001)
    expect(records.of('registry.example').proved).toBe(1)
    expect(records.of('files19999.example').requests).toBe(1)
  })
})
