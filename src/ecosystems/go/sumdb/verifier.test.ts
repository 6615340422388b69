import { describe, expect, test } from 'bun:test'
import { createTestDatabase } from './test-database.ts'
import { corrupt, flip, honest, large, MODULE, NAME, signal, world } from './test-world.ts'
import { createSumdbVerifier } from './verifier.ts'

describe('a lookup', () => {
  test('gives the hashes after signature, consistency and inclusion', async () => {
    const w = world()
    const result = await w.verifier().lookup(MODULE, 'v1.0.0', signal)
    expect(result).toMatchObject({ kind: 'record', mod: 'h1:mod', zip: 'h1:zip' })
    expect(w.asked[0]).toBe('lookup/mod.example/!big/!thing@v1.0.0')
    expect([...w.tiles.keys()].toSorted()).toEqual(w.asked.slice(1).toSorted())
    expect(w.tiles.size).toBe(5)
    expect(w.events).toEqual([])
  })

  test('is shared by concurrent callers and remembered', async () => {
    const w = world()
    const verifier = w.verifier()
    await Promise.all(Array.from({ length: 20 }, () => verifier.lookup(MODULE, 'v1.0.0', signal)))
    await verifier.lookup(MODULE, 'v1.0.0', signal)
    expect(w.asked).toHaveLength(6)
  })

  test('uses what is kept: a second process asks for the record only', async () => {
    const w = world()
    const first = w.verifier()
    await first.lookup(MODULE, 'v1.0.0', signal)
    await first.flush()
    expect(w.head).toBe(large.head())
    w.asked.length = 0
    expect((await w.verifier().lookup(MODULE, 'v1.0.0', signal)).kind).toBe('record')
    expect(w.asked).toHaveLength(1)
  })

  test('reads the tiles of a proof side by side', async () => {
    const w = world()
    const gate = Promise.withResolvers<void>()
    const before = w.read
    const allAsked = Promise.withResolvers<void>()
    w.read = async (path) => {
      if (w.asked.length === 6) allAsked.resolve()
      if (path.startsWith('tile/')) await gate.promise
      return before(path)
    }
    const looking = w.verifier().lookup(MODULE, 'v1.0.0', signal)
    await allAsked.promise
    gate.resolve()
    expect((await looking).kind).toBe('record')
  })

  test('a version that the database has not is denied', async () => {
    const w = world()
    const result = await w.verifier().lookup(MODULE, 'v9.9.9', signal)
    expect(result).toMatchObject({ kind: 'denied', reason: expect.stringContaining('not found') })
  })

  test.each(['lookup/', 'tile/8/0/001', 'tile/'])(
    'when %s cannot be reached, neither can the proof',
    async (start) => {
      const w = world()
      const before = w.read
      w.read = async (path) =>
        path.startsWith(start) ? { kind: 'unreachable', reason: 'cable pulled' } : before(path)
      const verifier = w.verifier()
      expect(await verifier.lookup(MODULE, 'v1.0.0', signal)).toEqual({
        kind: 'unreachable',
        reason: 'cable pulled',
      })
      expect(w.tiles.size).toBe(0)
      w.read = before
      expect((await verifier.lookup(MODULE, 'v1.0.0', signal)).kind).toBe('record')
      expect(w.events).toEqual([])
    },
  )

  test('where the partial tile is gone, the full one serves', async () => {
    const w = world()
    const grown = large.fork()
    grown.grow(256)
    const early = large.head()
    w.read = async (path) => {
      if (path.startsWith('lookup/')) {
        const bytes = await large.lookup(MODULE, 'v1.0.0', large.size)
        return bytes === undefined ? { kind: 'missing', text: '' } : { kind: 'bytes', bytes }
      }
      return path.includes('tile/8/0/') && path.includes('.p/')
        ? { kind: 'missing', text: 'gone' }
        : honest(grown, path)
    }
    const verifier = w.verifier()
    expect((await verifier.lookup(MODULE, 'v1.0.0', signal)).kind).toBe('record')
    await verifier.flush()
    expect(w.head).toBe(early)
  })

  test('one caller leaving does not end the work of the other', async () => {
    const w = world()
    const gate = Promise.withResolvers<void>()
    const before = w.read
    w.read = async (path) => {
      await gate.promise
      return before(path)
    }
    const verifier = w.verifier()
    const leaving = new AbortController()
    const left = verifier.lookup(MODULE, 'v1.0.0', leaving.signal)
    const stays = verifier.lookup(MODULE, 'v1.0.0', signal)
    leaving.abort(new Error('gone home'))
    await expect(left).rejects.toThrow('gone home')
    gate.resolve()
    expect((await stays).kind).toBe('record')
    expect(w.asked.filter((path) => path.startsWith('lookup/'))).toHaveLength(1)
  })
})

describe('a hostile answer', () => {
  test('with a false signature is bad, and loud', async () => {
    const w = world()
    const stranger = createTestDatabase({ name: NAME, seed: new Uint8Array(32).fill(9) })
    stranger.add({ module: MODULE, version: 'v1.0.0', mod: 'h1:evil', zip: 'h1:evil' })
    w.read = (path) => honest(stranger, path)
    expect((await w.verifier().lookup(MODULE, 'v1.0.0', signal)).kind).toBe('bad')
    expect(w.events.map(({ kind }) => kind)).toEqual(['bad-signature'])
  })

  test.each([
    ['a changed hash in the record', (text: string) => text.replace('h1:zip', 'h1:pip')],
    ['another record number', (text: string) => text.replace('300\n', '301\n')],
    ['a record number beyond the tree', (text: string) => text.replace('300\n', '70000\n')],
  ])('with %s is bad', async (_, change) => {
    const w = world()
    corrupt(w, 'lookup/', (bytes) => Buffer.from(change(bytes.toString())))
    expect((await w.verifier().lookup(MODULE, 'v1.0.0', signal)).kind).toBe('bad')
    expect(w.events.map(({ kind }) => kind)).toEqual(['bad-inclusion'])
    expect(w.head).toBeUndefined()
  })

  test.each([
    ['nothing', ''],
    ['a page', '<html>\n\n</html>'],
    ['no number', 'x\na v1 h1:x\n\nnote'],
    ['a huge number', '99999999999999999999\na v1 h1:x\n\nnote'],
  ])('that is %s is bad', async (_, text) => {
    const w = world()
    corrupt(w, 'lookup/', () => Buffer.from(text))
    expect((await w.verifier().lookup(MODULE, 'v1.0.0', signal)).kind).toBe('bad')
  })

  test("with another module's true record is bad", async () => {
    const w = world()
    w.read = (path) => honest(large, path.startsWith('lookup/') ? 'lookup/filler.example/m7@v1.0.0' : path)
    expect((await w.verifier().lookup(MODULE, 'v1.0.0', signal)).kind).toBe('bad')
  })

  test.each(['tile/8/0/001', 'tile/8/1/001', 'tile/8/2'])(
    'with wrong bytes of %s is bad, and they are not kept',
    async (start) => {
      const w = world()
      corrupt(w, start, flip)
      expect((await w.verifier().lookup(MODULE, 'v1.0.0', signal)).kind).toBe('bad')
      expect(w.events.map(({ kind }) => kind)).toEqual(['bad-inclusion'])
      expect(w.tiles.size).toBe(0)
    },
  )

  test('is told to its source, and the next source is asked', async () => {
    const w = world()
    const rejected: string[] = []
    const before = w.read
    w.read = async (path) => {
      const answer = await before(path)
      if (answer.kind !== 'bytes' || !path.startsWith('lookup/') || rejected.length > 0) return answer
      const bytes = Buffer.from(Buffer.from(answer.bytes).toString().replace('h1:zip', 'h1:pip'))
      return { ...answer, bytes, reject: (reason) => rejected.push(reason) }
    }
    expect((await w.verifier().lookup(MODULE, 'v1.0.0', signal)).kind).toBe('record')
    expect(rejected).toHaveLength(1)
  })
})

describe('tiles that are kept', () => {
  test('damaged ones are read anew', async () => {
    const w = world()
    await w.verifier().lookup(MODULE, 'v1.0.0', signal)
    for (const [path, bytes] of w.tiles) w.tiles.set(path, flip(Buffer.from(bytes)))
    expect((await w.verifier().lookup(MODULE, 'v1.0.0', signal)).kind).toBe('record')
    expect(w.events).toEqual([])
    w.asked.length = 0
    expect((await w.verifier().lookup(MODULE, 'v1.0.0', signal)).kind).toBe('record')
    expect(w.asked).toHaveLength(1)
  })

  test('a store that fails is reported, and proofs go on', async () => {
    const w = world()
    const fail = async (): Promise<never> => {
      throw new Error('disk gone')
    }
    const verifier = createSumdbVerifier({
      name: NAME,
      key: large.key,
      remote: { read: (path) => honest(large, path) },
      tiles: { get: fail, put: fail },
      head: { read: fail, swap: fail },
      onSecurity: (event) => w.events.push(event),
      onTrouble: (detail) => w.troubles.push(detail),
    })
    expect((await verifier.lookup(MODULE, 'v1.0.0', signal)).kind).toBe('record')
    await verifier.flush()
    expect(w.troubles.some((detail) => detail.includes('disk gone'))).toBe(true)
    expect(w.events).toEqual([])
  })
})
