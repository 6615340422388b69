import { describe, expect, test } from 'bun:test'
import { createTestDatabase } from './test-database.ts'
import { honest, large, MODULE, NAME, signal, world } from './test-world.ts'
import { createSumdbVerifier, VerifierKeyError } from './verifier.ts'

describe('tree heads', () => {
  test('grow, and older ones stay provable', async () => {
    const growing = large.fork()
    const w = world(growing)
    const verifier = w.verifier()
    for (const more of [0, 1, 255, 257, 1000]) {
      growing.grow(more)
      growing.add({ module: MODULE, version: `v1.1.${more}`, mod: 'h1:m', zip: 'h1:z' })
      expect((await verifier.lookup(MODULE, `v1.1.${more}`, signal)).kind).toBe('record')
    }
    const old = await large.lookup(MODULE, 'v1.0.0')
    expect(await verifier.authenticateLookup(MODULE, 'v1.0.0', old ?? new Uint8Array(), signal)).toEqual({
      verdict: 'proved',
    })
    await verifier.flush()
    expect(w.head).toBe(growing.head())
    expect(w.events).toEqual([])
  })

  test('many new heads at once are all held against each other', async () => {
    const growing = large.fork()
    const bodies: Uint8Array[] = []
    for (let i = 0; i < 12; i++) {
      growing.add({ module: MODULE, version: `v2.0.${i}`, mod: 'h1:m', zip: 'h1:z' })
      growing.grow(37)
      bodies.push((await growing.lookup(MODULE, `v2.0.${i}`)) ?? new Uint8Array())
    }
    const w = world(growing)
    const verifier = w.verifier()
    const verdicts = await Promise.all(
      bodies.map((bytes, i) => verifier.authenticateLookup(MODULE, `v2.0.${i}`, bytes, signal)),
    )
    expect(verdicts.every(({ verdict }) => verdict === 'proved')).toBe(true)
    await verifier.flush()
    expect(w.head).toBe(growing.head())
  })

  test.each([
    ['larger', 500, 900],
    ['equal', 500, 500],
  ])('a fork with a %s tree is loud, and stops nothing else', async (_, oneGrows, otherGrows) => {
    const one = large.fork()
    const other = large.fork()
    one.add({ module: MODULE, version: 'v3.0.0', mod: 'h1:one', zip: 'h1:one' })
    other.add({ module: MODULE, version: 'v3.0.0', mod: 'h1:other', zip: 'h1:other' })
    one.grow(oneGrows)
    other.grow(otherGrows)
    const w = world(one)
    const verifier = w.verifier()
    await verifier.lookup(MODULE, 'v1.0.0', signal)
    w.read = (path) => honest(other, path)
    expect((await verifier.lookup(MODULE, 'v3.0.0', signal)).kind).toBe('bad')
    expect(w.events.map(({ kind }) => kind)).toContain('fork')

    w.read = (path) => honest(one, path)
    expect(await verifier.lookup(MODULE, 'v3.0.0', signal)).toMatchObject({ kind: 'record', mod: 'h1:one' })
    await verifier.flush()
    expect(w.head).toBe(one.head())
  })

  test('a fork with a smaller tree is found, also after a restart', async () => {
    const one = large.fork()
    one.grow(900)
    const other = large.fork()
    other.add({ module: MODULE, version: 'v3.0.0', mod: 'h1:other', zip: 'h1:other' })
    other.grow(500)
    const w = world(one)
    const first = w.verifier()
    await first.lookup(MODULE, 'v1.0.0', signal)
    await first.flush()
    const verdict = await w.verifier().authenticateHead(Buffer.from(other.head()), signal)
    expect(verdict.verdict).toBe('wrong')
    expect(w.events.map(({ kind }) => kind)).toEqual(['fork'])
    expect(w.events[0]?.detail).toContain(one.head())
    expect(w.events[0]?.detail).toContain(other.head())
  })

  test('a head that another process kept meanwhile is merged, never overwritten by an older one', async () => {
    const newer = large.fork()
    newer.grow(10)
    const w = world(large)
    w.read = (path) => honest(path.startsWith('lookup/') ? large : newer, path)
    const verifier = w.verifier()
    await verifier.authenticateHead(Buffer.from(large.head(600)), signal)
    await verifier.flush()
    w.head = newer.head()
    await verifier.lookup(MODULE, 'v1.0.0', signal)
    await verifier.flush()
    expect(w.head).toBe(newer.head())
    expect(w.events).toEqual([])
  })

  test('a kept head that the key did not sign is reported and replaced', async () => {
    const w = world()
    w.head = createTestDatabase({ name: NAME, seed: new Uint8Array(32).fill(9) }).head()
    const verifier = w.verifier()
    expect((await verifier.lookup(MODULE, 'v1.0.0', signal)).kind).toBe('record')
    await verifier.flush()
    expect(w.head).toBe(large.head())
    expect(w.events.map(({ kind }) => kind)).toContain('bad-signature')
  })

  test('a bad key is refused at once', () => {
    const ports = { remote: { read: (path: string) => honest(large, path) }, onSecurity: () => undefined }
    const tiles = { get: () => undefined, put: () => undefined }
    const head = { read: async () => undefined, swap: async () => true }
    expect(() => createSumdbVerifier({ name: NAME, key: 'x+y', ...ports, tiles, head })).toThrow(
      VerifierKeyError,
    )
  })
})
