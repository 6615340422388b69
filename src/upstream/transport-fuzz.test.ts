import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { answer, fakeServer } from './testing/fake-server.ts'
import { ask, bodyOf, upstreamOf } from './testing/upstream-fixture.ts'
import { UpstreamError } from './upstream.ts'

const limits = { firstByteMs: 30, stallMs: 30, maxConnections: 2 }

/** What came of it: the body, or a code; anything else is thrown on. */
async function outcomeOf(upstream: ReturnType<typeof upstreamOf>): Promise<string> {
  const reply = await ask(upstream)
  if (reply.kind !== 'found') return reply.kind
  try {
    return (await bodyOf(reply)).toString('latin1')
  } catch (error) {
    if (error instanceof UpstreamError) return error.failure.code
    throw error
  }
}

test('an answer means the same in whatever pieces it arrives', async () => {
  const chunked =
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\nA\r\n0123456789\r\n0\r\nT: t\r\n\r\n'
  const texts = [answer('200 OK', 'abc0123456789').toString('latin1'), chunked]
  const pieces = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 12 })
  await using server = await fakeServer(() => undefined)
  await using upstream = upstreamOf(server.url, { limits: { ...limits, firstByteMs: 1000, stallMs: 1000 } })
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...texts), pieces, async (text, sizes) => {
      server.script = async (socket) => {
        let at = 0
        for (let index = 0; at < text.length; index++) {
          const size = sizes[index % sizes.length] ?? 1
          socket.write(text.slice(at, at + size), 'latin1')
          at += size
          await new Promise(setImmediate)
        }
      }
      expect(await outcomeOf(upstream)).toBe('abc0123456789')
    }),
    { numRuns: 60 },
  )
  expect(server.connections).toBe(1)
})

test('whatever bytes come, there is an outcome, and no connection is lost', async () => {
  const good = answer('200 OK', 'body', { 'Content-Type': 'text/plain', ETag: '"x"' }).toString('latin1')
  const edits = fc.array(
    fc.record({
      at: fc.nat(good.length),
      cut: fc.nat(6),
      put: fc.constantFrom(
        '',
        '\r\n',
        '\n',
        '\0',
        ':',
        '0',
        '9999',
        'chunked',
        'Transfer-Encoding: chunked\r\n',
        '\r\n\r\n',
        '\xff',
      ),
    }),
    { minLength: 1, maxLength: 4 },
  )
  await using server = await fakeServer(() => undefined)
  await using upstream = upstreamOf(server.url, { limits })
  await fc.assert(
    fc.asyncProperty(edits, fc.boolean(), async (changes, closes) => {
      let text = good
      for (const { at, cut, put } of changes) text = text.slice(0, at) + put + text.slice(at + cut)
      server.script = (socket) => {
        socket.write(text, 'latin1')
        if (closes) socket.end()
      }
      expect(typeof (await outcomeOf(upstream))).toBe('string')
    }),
    { numRuns: 150 },
  )
  server.script = (socket) => void socket.write(good, 'latin1')
  expect(await outcomeOf(upstream)).toBe('body')
  expect(server.open).toBeLessThanOrEqual(limits.maxConnections)
}, 20_000)
