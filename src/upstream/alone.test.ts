import { describe, expect, test } from 'bun:test'
import { answer, fakeServer, type Script, saying } from './testing/fake-server.ts'
import { silent } from './testing/scripts.ts'
import { ask, failureOf, textOf, upstreamOf } from './testing/upstream-fixture.ts'

const limits = { budgetMs: 400, firstByteMs: 5000 }

/** Takes longer for the thing itself than a walk may last, and says at once that it lives. */
const slow: Script = async (socket, { target }) => {
  if (target === '/base/') {
    socket.write(answer('404 Not Found'))
    return
  }
  await Bun.sleep(700)
  socket.write(answer('200 OK', 'late'))
}
const lame: Script = async (socket, { target }) => {
  if (target === '/base/') socket.write(answer('502 Bad Gateway'))
}

describe('a source without equals', () => {
  test('that is slow but lives is waited for beyond the budget', async () => {
    await using server = await fakeServer(slow)
    await using upstream = upstreamOf(`${server.url}/base`, { limits })
    expect(await textOf(await ask(upstream))).toBe('late')
    expect(server.seen.map(({ target }) => target)).toEqual(['/base/m/@v/v1.0.0.zip', '/base/'])
  })

  test.each(['502 Bad Gateway', '503 Busy', '504 Gateway Timeout'])(
    'is asked once more after %s, because most clients are not',
    async (status) => {
      await using server = await fakeServer((socket) => {
        server.script = saying(answer('200 OK', 'well'))
        socket.write(answer(status))
      })
      await using upstream = upstreamOf(server.url, { limits })
      expect(await textOf(await ask(upstream))).toBe('well')
      expect(server.seen.length).toBe(2)
    },
  )

  test('is asked again after a short pause that it asks for', async () => {
    await using server = await fakeServer((socket) => {
      server.script = saying(answer('200 OK', 'well'))
      socket.write(answer('429 Too Many', '', { 'Retry-After': '0' }))
    })
    await using upstream = upstreamOf(server.url, { limits })
    expect(await textOf(await ask(upstream))).toBe('well')
  })

  test('is asked a few times and no more when its pauses never end', async () => {
    await using server = await fakeServer(saying(answer('429 Too Many', '', { 'Retry-After': '0' })))
    await using upstream = upstreamOf(server.url, { limits })
    expect(await failureOf(await ask(upstream))).toMatchObject({ code: 'throttled' })
    expect(server.seen.length).toBe(3)
  })

  test.each([
    ['its own error', '500 Internal Server Error', {}],
    ['a time to come back', '503 Busy', { 'Retry-After': '7' }],
  ])('is not asked again after %s', async (_, status, fields) => {
    await using server = await fakeServer(saying(answer(status, '', fields)))
    await using upstream = upstreamOf(server.url, { limits })
    expect((await ask(upstream)).kind).toBe('failed')
    expect(server.seen.length).toBe(1)
  })

  test('is asked once more in an outage by a few of those who wait, not by all', async () => {
    await using server = await fakeServer(saying(answer('503 Busy')))
    await using upstream = upstreamOf(server.url, { limits: { ...limits, budgetMs: 5000 } })
    const kinds = await Promise.all(Array.from({ length: 200 }, async () => (await ask(upstream)).kind))
    expect(new Set(kinds)).toEqual(new Set(['failed']))
    expect(server.seen.length).toBeLessThanOrEqual(200 * 1.2 + 20)
  })

  test('is asked once whether it lives, for all who wait', async () => {
    await using server = await fakeServer(slow)
    await using upstream = upstreamOf(`${server.url}/base`, { limits })
    const answers = await Promise.all(Array.from({ length: 10 }, async () => textOf(await ask(upstream))))
    expect(new Set(answers)).toEqual(new Set(['late']))
    expect(server.seen.filter(({ target }) => target === '/base/').length).toBeLessThan(10)
  })

  test.each([
    ['says nothing at all', silent],
    ['lets a gateway speak for it', lame],
  ])('that %s fails within the budget', async (_, script) => {
    await using server = await fakeServer(script)
    await using upstream = upstreamOf(`${server.url}/base`, { limits })
    const { code, message } = await failureOf(await ask(upstream))
    expect(code).toBe('timeout')
    expect(message).toMatch(/within 3[5-8][0-9] ms/)
  })

  test('that lives and never answers fails when the first byte is due', async () => {
    await using server = await fakeServer((socket, { target }) => {
      if (target === '/base/') socket.write(answer('200 OK'))
    })
    await using upstream = upstreamOf(`${server.url}/base`, { limits: { budgetMs: 200, firstByteMs: 500 } })
    const { code, message } = await failureOf(await ask(upstream))
    expect(code).toBe('timeout')
    expect(message).toContain('500 ms')
  })

  test('keeps its budget when another one failed before', async () => {
    await using failing = await fakeServer(saying(answer('500 No')))
    await using server = await fakeServer(slow)
    await using upstream = upstreamOf(`${failing.url}|${server.url}/base`, { limits })
    const { message } = await failureOf(await ask(upstream))
    expect(message).toContain('answered 500')
    expect(message).toMatch(/within 3[5-8][0-9] ms/)
    expect(server.seen.some(({ target }) => target === '/base/')).toBe(false)
  })
})

test('own headers go to their host, whatever the path of its source', async () => {
  await using server = await fakeServer(saying(answer('200 OK')))
  const host = new URL(server.url).host
  await using upstream = upstreamOf('off', { headers: { [host]: { 'X-Key': 'k' } } })
  upstream.setLists({
    go: [
      {
        kind: 'source',
        id: `${host}/base`,
        url: `${server.url}/base`,
        next: undefined,
        foundIn: 'a test',
        origin: false,
      },
    ],
  })
  await textOf(await ask(upstream))
  expect(server.seen[0]?.headers.get('x-key')).toBe('k')
})
