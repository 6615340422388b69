import { describe, expect, test } from 'bun:test'
import type { Socket } from 'node:net'
import { answer, fakeServer, saying } from './testing/fake-server.ts'
import { ask, bodyOf, failureOf, nextOf, request, upstreamOf } from './testing/upstream-fixture.ts'

const ok = saying(answer('200 OK', 'whole', { 'Content-Type': 'Application/Zip; x=y', ETag: '"e"' }))
const gone = (socket: Socket) =>
  void socket.write(answer('404 Not Found', 'nothing\nhere', { 'Content-Type': 'text/plain' }))

describe('a walk', () => {
  test.each([
    ['A,B', 404, 200, 'found'],
    ['A,B', 410, 200, 'found'],
    ['A,B', 500, 200, 'failed'],
    ['A,B', 403, 200, 'denied'],
    ['A|B', 500, 200, 'found'],
    ['A|B', 403, 200, 'found'],
    ['A|B', 404, 200, 'found'],
    ['A,B', 404, 404, 'missing'],
    ['A,B', 404, 403, 'denied'],
    ['A|B', 404, 403, 'denied'],
    ['A|B', 500, 404, 'failed'],
    ['A|B', 404, 500, 'failed'],
    ['A|B', 403, 500, 'failed'],
    ['A,direct', 404, 0, 'direct'],
    ['A,direct', 500, 0, 'failed'],
    ['A,direct', 403, 0, 'denied'],
    ['A|direct', 500, 0, 'direct'],
    ['A,off', 404, 0, 'missing'],
    ['A,off', 403, 0, 'denied'],
    ['A,off', 500, 0, 'failed'],
    ['off', 0, 0, 'off'],
    ['', 0, 0, 'off'],
    ['A|B,direct', 500, 404, 'direct'],
    ['A|B,direct', 404, 500, 'failed'],
  ])('over %s, where A says %d and B %d, ends with %s', async (list, a, b, kind: string) => {
    await using first = await fakeServer(saying(answer(`${a} x`, 'a', { 'Content-Type': 'text/plain' })))
    await using second = await fakeServer(saying(answer(`${b} x`, 'b', { 'Content-Type': 'text/plain' })))
    await using upstream = upstreamOf(list.replace('A', first.url).replace('B', second.url))
    expect<string>((await ask(upstream)).kind).toBe(kind)
  })

  test('names every source that failed, one clause each, and the soonest time to come back', async () => {
    const saysStatus = (status: string, headers: Record<string, string> = {}) =>
      fakeServer(saying(answer(status, 'x', { 'Content-Type': 'text/plain', ...headers })))
    await using down = await saysStatus('500 x')
    await using denies = await saysStatus('403 x')
    await using lacks = await saysStatus('404 x')
    await using busy = await saysStatus('503 x', { 'Retry-After': '7' })
    const sources = [down, denies, lacks, busy]
    await using upstream = upstreamOf(sources.map(({ url }) => url).join('|'))
    const failure = await failureOf(await ask(upstream))
    const host = ({ url }: { url: string }) => new URL(url).host
    const clauses = failure.message.split('; ')
    expect(clauses).toEqual([
      expect.stringContaining(host(down)),
      `${host(denies)} answered 403`,
      expect.stringContaining(host(busy)),
    ])
    expect(failure.retryAfterMs).toBeGreaterThan(0)
  })

  test('tells one source in its own words', async () => {
    await using server = await fakeServer(saying(answer('500 x', 'x')))
    await using upstream = upstreamOf(server.url)
    expect((await failureOf(await ask(upstream))).message).not.toContain(';')
  })

  test('shows the text that the last source gave', async () => {
    await using server = await fakeServer(gone)
    await using upstream = upstreamOf(server.url)
    expect(await ask(upstream)).toMatchObject({ kind: 'missing', status: 404, text: 'nothing\nhere' })
  })

  test('goes on after a rejected body where the rules allow it', async () => {
    await using first = await fakeServer(ok)
    await using second = await fakeServer(saying(answer('200 OK', 'second')))
    for (const [separator, kind] of [
      ['|', 'found'],
      [',', 'failed'],
    ] as const) {
      await using upstream = upstreamOf(`${first.url}${separator}${second.url}`)
      const walk = upstream.walk(request)
      await bodyOf(await nextOf(walk))
      walk.reject({ code: 'wrong-content', message: 'wrong bytes' })
      const next = await nextOf(walk)
      expect(next.kind).toBe(kind)
      if (next.kind === 'failed') expect(next.failure.code).toBe('wrong-content')
    }
  })

  test('is over after an answer that nobody rejected', async () => {
    await using server = await fakeServer(ok)
    await using upstream = upstreamOf(server.url)
    const walk = upstream.walk(request)
    await nextOf(walk)
    expect((await nextOf(walk)).kind).toBe('failed')
    expect(server.seen.length).toBe(1)
  })

  test('without a list of that name is not configured; offline sends no packet', async () => {
    await using server = await fakeServer(ok)
    await using upstream = upstreamOf(server.url, { offline: true })
    expect((await ask(upstream, { sources: 'npm' })).kind).toBe('not-configured')
    expect(await failureOf(await ask(upstream))).toEqual({
      code: 'offline',
      message: 'no source was asked, because this server is offline',
      hint: 'start without --offline to fetch it',
    })
    for await (const probe of upstream.probe('go', new AbortController().signal)) expect(probe.ok).toBe(false)
    upstream.warmUp('go', 3)
    expect(server.connections).toBe(0)
    upstream.setOffline(false)
    expect((await ask(upstream)).kind).toBe('found')
  })

  test('follows lists that were replaced', async () => {
    await using server = await fakeServer(ok)
    await using upstream = upstreamOf('off')
    expect((await ask(upstream)).kind).toBe('off')
    upstream.setLists({
      go: [{ kind: 'source', id: 'x', url: server.url, next: undefined, foundIn: '', origin: true }],
    })
    expect((await ask(upstream)).kind).toBe('found')
  })
})
