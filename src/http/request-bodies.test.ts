import { expect, test } from 'bun:test'
import { RequestBodies } from './request-bodies.ts'

const MIB = 1024 * 1024

function request(...chunks: (Uint8Array | Promise<Uint8Array>)[]): Request {
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const chunk = chunks.shift()
      if (chunk === undefined) controller.close()
      else controller.enqueue(await chunk)
    },
  })
  return new Request('http://127.0.0.1/npm/x', { method: 'PUT', body })
}

test('a body is read whole; none is none', async () => {
  using held = new RequestBodies().holding()
  const read = await held.read(request(Buffer.from('ab'), Buffer.from('c')), 3)
  expect(read.kind === 'read' && Buffer.from(read.body ?? []).toString()).toBe('abc')
  expect(await held.read(new Request('http://127.0.0.1/'), 0)).toEqual({ kind: 'read', body: undefined })
})

test('no more is read than one may have', async () => {
  using held = new RequestBodies().holding()
  expect(await held.read(request(Buffer.alloc(3), Buffer.alloc(1)), 3)).toEqual({ kind: 'too-large' })
})

test('one that stands still is given up', async () => {
  using held = new RequestBodies({ stallMs: 10 }).holding()
  const never = Promise.withResolvers<Uint8Array>()
  expect(await held.read(request(Buffer.alloc(3), never.promise), 10)).toEqual({ kind: 'stalled' })
})

test('large ones together are bounded, until they are through; small ones always pass', async () => {
  const bodies = new RequestBodies({ maxHeldBytes: 4 * MIB })
  {
    using first = bodies.holding()
    expect(await first.read(request(Buffer.alloc(4 * MIB)), 8 * MIB)).toMatchObject({ kind: 'read' })
    using second = bodies.holding()
    expect(await second.read(request(Buffer.alloc(4 * MIB)), 8 * MIB)).toEqual({ kind: 'busy' })
    using small = bodies.holding()
    expect(await small.read(request(Buffer.alloc(MIB)), 8 * MIB)).toMatchObject({ kind: 'read' })
    expect(bodies.heldBytes).toBe(3 * MIB)
  }
  expect(bodies.heldBytes).toBe(0)
  using later = bodies.holding()
  expect(await later.read(request(Buffer.alloc(4 * MIB)), 8 * MIB)).toMatchObject({ kind: 'read' })
})
