import { describe, expect, test } from 'bun:test'
import { honest, large, MODULE, signal, world } from './test-world.ts'

describe('what clients fetch', () => {
  const bytesOf = async (path: string): Promise<Uint8Array> => (await large.read(path)) ?? new Uint8Array()

  test.each([
    'tile/8/0/000',
    'tile/8/0/272',
    'tile/8/0/273.p/112',
    'tile/8/0/273.p/5',
    'tile/8/0/005.p/77',
    'tile/8/1/000',
    'tile/8/1/001.p/17',
    'tile/8/1/001.p/2',
    'tile/8/2/000.p/1',
    'tile/8/data/001',
    'tile/8/data/273.p/40',
  ])('%s is proved, and refused with one byte changed', async (path) => {
    const w = world()
    const verifier = w.verifier()
    const bytes = await bytesOf(path)
    expect(await verifier.authenticateTile(path, bytes, signal)).toEqual({ verdict: 'proved' })
    const changed = Buffer.from(bytes)
    changed[3] = (changed[3] ?? 0) ^ 1
    expect((await world().verifier().authenticateTile(path, changed, signal)).verdict).toBe('wrong')
    expect((await verifier.authenticateTile(path, bytes.subarray(0, -32), signal)).verdict).toBe('wrong')
  })

  test('the proof of a tile never asks for that tile', async () => {
    const w = world()
    const path = 'tile/8/0/273.p/112'
    await w.verifier().authenticateTile(path, await bytesOf(path), signal)
    expect(w.asked).not.toContain(path)
  })

  test('a tile beyond the newest head asks for a newer one; without one it stays unproved', async () => {
    const grown = large.fork()
    grown.grow(600)
    const w = world(grown)
    w.read = (path) => honest(path === 'latest' ? large : grown, path)
    const path = 'tile/8/0/274'
    const bytes = (await grown.read(path)) ?? new Uint8Array()
    const verifier = w.verifier()
    expect((await verifier.authenticateTile(path, bytes, signal)).verdict).toBe('unproved')
    w.read = (asked) => honest(grown, asked)
    expect(await verifier.authenticateTile(path, bytes, signal)).toEqual({ verdict: 'proved' })
  })

  test('a path that is no tile is wrong', async () => {
    for (const path of ['tile/8/0/1', 'tile/4/0/001', 'latest']) {
      expect((await world().verifier().authenticateTile(path, new Uint8Array(32), signal)).verdict).toBe(
        'wrong',
      )
    }
  })

  test('a lookup answer and a tree head', async () => {
    const verifier = world().verifier()
    const bytes = await bytesOf('lookup/mod.example/!big/!thing@v1.0.0')
    expect(await verifier.authenticateHead(await bytesOf('latest'), signal)).toEqual({ verdict: 'proved' })
    expect(await verifier.authenticateLookup(MODULE, 'v1.0.0', bytes, signal)).toEqual({ verdict: 'proved' })
    const changed = Buffer.from(Buffer.from(bytes).toString().replace('h1:mod', 'h1:mad'))
    expect((await verifier.authenticateLookup(MODULE, 'v1.0.0', changed, signal)).verdict).toBe('wrong')
    expect((await verifier.authenticateHead(Buffer.from('no note'), signal)).verdict).toBe('wrong')
  })

  test('nothing is proved while tiles cannot be reached', async () => {
    const w = world()
    w.read = async () => ({ kind: 'unreachable', reason: 'cable pulled' })
    const bytes = await bytesOf('lookup/mod.example/!big/!thing@v1.0.0')
    expect(await w.verifier().authenticateLookup(MODULE, 'v1.0.0', bytes, signal)).toEqual({
      verdict: 'unproved',
      reason: 'cable pulled',
    })
  })
})
