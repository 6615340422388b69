import { describe, expect, test } from 'bun:test'
import { Budget } from './budget.ts'
import { answer, type FakeServer, fakeServer, type Script, saying } from './testing/fake-server.ts'
import { half, lies, resets, silent, sound, stalls, truncates, whole } from './testing/scripts.ts'
import { ask, bodyOf, failureOf, listOf, nextOf, request, upstreamOf } from './testing/upstream-fixture.ts'

/** For the sources that stall here. */
const shortStall = { limits: { stallMs: 150 } }
const idOf = (server: FakeServer) => new URL(server.url).host

describe('the best two race at a cold start', () => {
  test('and the one that answers wins, the other is let go', async () => {
    await using slow = await fakeServer(silent)
    await using fast = await fakeServer(sound)
    await using upstream = upstreamOf(`${slow.url}|${fast.url}`, {
      limits: { firstByteMs: 60_000, budgetMs: 60_000 },
    })
    expect(await ask(upstream)).toMatchObject({ kind: 'found', source: { id: idOf(fast) } })
    for (let count = 0; count < 5; count++) await bodyOf(await ask(upstream))
    expect(slow.seen.length).toBe(1)
    expect(slow.open).toBe(0)
    expect(upstream.states().map(({ errors }) => errors)).toEqual([0, 0])
  })

  test('and a burst behind them is not held up by a source that never answers', async () => {
    await using dead = await fakeServer(silent)
    await using good = await fakeServer(sound)
    const limits = { firstByteMs: 60_000, budgetMs: 120_000 }
    await using upstream = upstreamOf(`${dead.url}|${good.url}`, { limits })
    const bodies = await Promise.all(Array.from({ length: 30 }, async () => bodyOf(await ask(upstream))))
    expect(bodies.every((bytes) => bytes.equals(whole))).toBe(true)
  })

  test('but sources behind a comma are never asked', async () => {
    await using first = await fakeServer(sound)
    await using second = await fakeServer(sound)
    await using upstream = upstreamOf(`${first.url},${second.url}`)
    for (let count = 0; count < 30; count++) await bodyOf(await ask(upstream))
    expect(second.connections).toBe(0)
  })
})

describe('the same address twice in a list', () => {
  test('is asked twice and no more', async () => {
    await using server = await fakeServer(saying(answer('404 Not Found')))
    await using upstream = upstreamOf(`${server.url}|${server.url}`)
    expect(await ask(upstream)).toMatchObject({ kind: 'missing' })
    expect(server.seen.length).toBe(2)
  })

  test('is asked again when it has failed, and not before', async () => {
    await using server = await fakeServer((socket) => {
      server.script = sound
      socket.write(answer('502 Bad Gateway'))
    })
    await using upstream = upstreamOf(`${server.url}|${server.url}`)
    expect(await bodyOf(await ask(upstream))).toEqual(whole)
    expect(server.seen.length).toBe(2)
  })
})

test('a slow answer is hedged after the source’s own p95, within the budget', async () => {
  await using first = await fakeServer(sound)
  await using second = await fakeServer(sound)
  await using upstream = upstreamOf(first.url, { limits: { firstByteMs: 60_000, budgetMs: 60_000 } })
  for (let count = 0; count < 25; count++) await bodyOf(await ask(upstream))
  upstream.setLists({ go: listOf(second.url) })
  second.script = async (socket, seen) => {
    await Bun.sleep(20)
    await sound(socket, seen)
  }
  await bodyOf(await ask(upstream))
  upstream.setLists({ go: listOf(`${first.url}|${second.url}`) })
  second.script = sound
  first.script = silent
  const before = second.seen.length
  expect(await ask(upstream)).toMatchObject({ kind: 'found', source: { id: idOf(second) } })
  expect(second.seen.length).toBe(before + 1)
})

test('a budget allows its share and no more', () => {
  const budget = new Budget(0.05, 5)
  let spent = 0
  for (let count = 0; count < 1000; count++) {
    budget.earn()
    if (budget.spend()) spent++
  }
  expect(spent).toBeLessThanOrEqual(55)
  expect(spent).toBeGreaterThanOrEqual(50)
})

test('a validator goes to its own source first, and races nobody', async () => {
  await using first = await fakeServer(sound)
  await using second = await fakeServer(saying('HTTP/1.1 304 Not Modified\r\n\r\n'))
  await using upstream = upstreamOf(`${first.url}|${second.url}`)
  const validators = { source: idOf(second), etag: '"v1"' }
  expect(await ask(upstream, { validators })).toMatchObject({
    kind: 'not-modified',
    source: { id: idOf(second) },
  })
  expect(first.connections).toBe(0)
})

describe('a 404', () => {
  test('does not win while an equal source may still answer', async () => {
    await using lacks = await fakeServer(saying(answer('404 Not Found')))
    await using slow = await fakeServer(async (socket, seen) => {
      await Bun.sleep(50)
      await sound(socket, seen)
    })
    for (const list of [`${lacks.url}|${slow.url}`, `${slow.url}|${lacks.url}`]) {
      await using upstream = upstreamOf(list)
      for (let count = 0; count < 3; count++)
        expect((await bodyOf(await ask(upstream))).equals(whole)).toBe(true)
    }
  })
})

describe('a body that breaks halfway', () => {
  const faults: readonly (readonly [string, Script])[] = [
    ['stalls', stalls],
    ['is truncated', truncates],
    ['is reset', resets],
  ]
  test.each(faults)('because it %s is continued by an equal source without a seam', async (_, fault) => {
    await using first = await fakeServer(fault)
    await using second = await fakeServer(sound)
    await using upstream = upstreamOf(`${first.url}|${second.url}`, shortStall)
    second.script = silent
    const found = await ask(upstream)
    expect(found).toMatchObject({ kind: 'found', source: { id: idOf(first) } })
    second.script = sound
    expect((await bodyOf(found)).equals(whole)).toBe(true)
    expect(second.seen.at(-1)?.headers.get('range')).toBe(`bytes=${half}-`)
    expect(second.seen.at(-1)?.headers.has('if-range')).toBe(false)
  })

  test.each(faults)(
    'because it %s is continued by the same source when it is the only one',
    async (_, fault) => {
      let count = 0
      await using server = await fakeServer((socket, seen) => (count++ === 0 ? fault : sound)(socket, seen))
      await using upstream = upstreamOf(server.url, shortStall)
      expect((await bodyOf(await ask(upstream))).equals(whole)).toBe(true)
      expect(server.seen[1]?.headers.get('range')).toBe(`bytes=${half}-`)
      expect(server.seen[1]?.headers.get('if-range')).toBe('"v1"')
    },
  )

  test('is continued by a source without ranges too, which sends all of it', async () => {
    let count = 0
    await using server = await fakeServer((socket) => {
      if (count++ === 0) truncates(socket, { method: '', target: '', headers: new Map(), connection: 0 })
      else socket.write(answer('200 OK', whole))
    })
    await using upstream = upstreamOf(server.url)
    expect((await bodyOf(await ask(upstream))).equals(whole)).toBe(true)
  })

  test.each([
    [
      'another range',
      answer('206 Partial Content', 'x', { 'Content-Range': `bytes 0-${whole.length - 1}/${whole.length}` }),
    ],
    [
      'another size',
      answer('206 Partial Content', 'x', { 'Content-Range': `bytes ${half}-${half + 9}/${half + 10}` }),
    ],
    ['no range', answer('206 Partial Content', 'x')],
    ['another body', answer('200 OK', 'short')],
    ['nothing', answer('404 Not Found')],
    ['an error', answer('416 Range Not Satisfiable')],
  ])('fails when the rest turns out to be %s', async (_, rest) => {
    let count = 0
    await using server = await fakeServer((socket, seen) =>
      count++ === 0 ? truncates(socket, seen) : void socket.write(rest),
    )
    await using upstream = upstreamOf(server.url)
    expect(await failureOf(await ask(upstream))).toMatchObject({ code: 'truncated' })
  })

  test.each([-1, 1])('fails when the rest is %d byte off the size that its range claims', async (off) => {
    await using server = await fakeServer((socket, seen) => {
      if (!seen.headers.has('range')) return truncates(socket, seen)
      const range = `bytes ${half}-${whole.length - 1}/${whole.length}`
      return void socket.write(
        answer('206 Partial Content', Buffer.alloc(half + off), { 'Content-Range': range }),
      )
    })
    await using upstream = upstreamOf(server.url)
    expect((await failureOf(await ask(upstream))).code).toBe(off < 0 ? 'truncated' : 'malformed')
  })

  test('stops when nothing brings it further', async () => {
    await using server = await fakeServer((socket, { headers }) => {
      if (headers.has('range')) {
        const range = `bytes ${half}-${whole.length - 1}/${whole.length}`
        socket.end(
          `HTTP/1.1 206 Partial Content\r\nContent-Range: ${range}\r\nContent-Length: ${half}\r\n\r\n`,
        )
      } else truncates(socket, { method: '', target: '', headers, connection: 0 })
    })
    await using upstream = upstreamOf(server.url)
    expect(await failureOf(await ask(upstream))).toMatchObject({ code: 'truncated' })
    expect(server.seen.length).toBe(2)
  })

  test('from a source with a clean record is not continued by one without', async () => {
    await using clean = await fakeServer(sound)
    await using other = await fakeServer(sound)
    await using upstream = upstreamOf(`${clean.url}|${other.url}`)
    for (let count = 0; count < 8; count++) upstream.record(idOf(clean), 'proved')
    other.script = silent
    clean.script = truncates
    const found = await ask(upstream)
    expect(found).toMatchObject({ source: { id: idOf(clean), clean: true } })
    const asked = other.seen.length
    other.script = sound
    expect(await failureOf(found)).toMatchObject({ code: 'truncated' })
    expect(other.seen.length).toBe(asked)
  })
})

describe('of four equal sources, one stalls, one truncates, one lies and one is sound', () => {
  const scripts: Record<string, Script> = { stalls, truncates, lies, sound }
  test.each(permutations(Object.keys(scripts)))(
    'in the order %s, %s, %s, %s: the bytes arrive',
    async (...names) => {
      const servers = await Promise.all(names.map((name) => fakeServer(scripts[name] ?? silent)))
      await using upstream = upstreamOf(servers.map(({ url }) => url).join('|'), shortStall)
      const walk = upstream.walk(request)
      let got: Buffer | undefined
      for (let step = 0; step < 4 && got === undefined; step++) {
        const found = await nextOf(walk)
        if (found.kind !== 'found') break
        const bytes = await bodyOf(found).catch(() => undefined)
        if (bytes?.equals(whole)) got = bytes
        else walk.reject({ code: 'wrong-content', message: 'not what was proved' })
      }
      expect(got?.equals(whole)).toBe(true)
      for (const server of servers) await server[Symbol.asyncDispose]()
    },
  )
})

describe('after a body was rejected, one that stalls', () => {
  const slowly =
    (script: Script): Script =>
    async (socket, seen) => {
      await Bun.sleep(100)
      await script(socket, seen)
    }

  const stallsOnce: Script = (socket, seen) => (seen.headers.has('range') ? sound : stalls)(socket, seen)

  test.each([
    ['is left behind while another is left', stallsOnce, slowly(sound), 0],
    ['is continued when no other is left', slowly(stallsOnce), saying(answer('500 No')), 1],
  ] as const)('%s', async (_, stalling, other, continuations) => {
    await using liar = await fakeServer(lies)
    await using last = await fakeServer(other)
    await using third = await fakeServer(stalling)
    await using upstream = upstreamOf([liar, last, third].map(({ url }) => url).join('|'), shortStall)
    const walk = upstream.walk(request)
    let got: Buffer = Buffer.alloc(0)
    while (!got.equals(whole)) {
      const found = await nextOf(walk)
      expect(found.kind).toBe('found')
      got = await bodyOf(found).catch(() => Buffer.alloc(0))
      if (!got.equals(whole)) walk.reject({ code: 'wrong-content', message: 'not what was proved' })
    }
    expect(third.seen.length).toBeGreaterThan(0)
    expect(third.seen.filter(({ headers }) => headers.has('range')).length).toBe(continuations)
  })
})

test('a page instead of a package puts its source behind its equals', async () => {
  await using portal = await fakeServer(saying(answer('200 OK', '<html>', { 'Content-Type': 'text/html' })))
  await using good = await fakeServer(async (socket, seen) => {
    await Bun.sleep(20)
    await sound(socket, seen)
  })
  await using upstream = upstreamOf(`${portal.url}|${good.url}`)
  for (let count = 0; count < 3; count++) {
    const walk = upstream.walk(request)
    const found = await nextOf(walk)
    if (found.kind !== 'found') throw new Error(found.kind)
    if (found.mediaType !== 'text/html') break
    walk.reject({ code: 'wrong-content', message: 'a page' })
    expect((await bodyOf(await nextOf(walk))).equals(whole)).toBe(true)
  }
  expect(portal.seen.length).toBe(1)
  expect(upstream.states()[0]).toMatchObject({ errors: 1, lastFailure: { code: 'wrong-content' } })
})

test('a source that sent wrong bytes stands behind its equals, for ten minutes', async () => {
  let now = 0
  await using first = await fakeServer(sound)
  await using second = await fakeServer(sound)
  await using upstream = upstreamOf(`${first.url}|${second.url}`, { now: () => now })
  upstream.record(idOf(first), 'wrong')
  for (let count = 0; count < 5; count++) await bodyOf(await ask(upstream))
  expect(first.seen.length).toBe(0)
  expect(upstream.ranking('go', 'blob')[0]?.at(-1)).toMatchObject({
    id: idOf(first),
    leftOut: 'sent wrong bytes lately',
  })
  now += 600_000
  expect(upstream.ranking('go', 'blob')[0]?.[0]).toMatchObject({ id: idOf(first), leftOut: undefined })
})

function permutations(items: readonly string[]): string[][] {
  if (items.length <= 1) return [[...items]]
  return items.flatMap((item) =>
    permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]),
  )
}
