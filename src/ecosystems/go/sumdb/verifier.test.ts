import { describe, expect, test } from 'bun:test'
import type { HeadStore, RemoteAnswer, SecurityEvent } from './sumdb-ports.ts'
import { createTestDatabase, type TestDatabase } from './test-database.ts'
import { createSumdbVerifier, VerifierKeyError } from './verifier.ts'

const NAME = 'sum.example'
const MODULE = 'mod.example/Big/Thing'
const signal = new AbortController().signal

function database(size = 70_000): TestDatabase {
  const made = createTestDatabase({ name: NAME })
  made.grow(300)
  made.add({ module: MODULE, version: 'v1.0.0', mod: 'h1:mod', zip: 'h1:zip' })
  made.grow(size - made.size)
  return made
}

/** Built once: tests that change a database work on a fork of it. */
const large = database()

interface World {
  /** What stands for the network; each test puts its fault here. */
  read: (path: string) => Promise<RemoteAnswer>
  readonly asked: string[]
  readonly events: SecurityEvent[]
  readonly troubles: string[]
  readonly tiles: Map<string, Uint8Array>
  head: string | undefined
  readonly verifier: () => ReturnType<typeof createSumdbVerifier>
}

async function honest(from: TestDatabase, path: string): Promise<RemoteAnswer> {
  const bytes = await from.read(path)
  return bytes === undefined ? { kind: 'missing', text: 'not found' } : { kind: 'bytes', bytes }
}

function world(from: TestDatabase = large, store?: Partial<HeadStore>): World {
  const made: World = {
    read: (path) => honest(from, path),
    asked: [],
    events: [],
    troubles: [],
    tiles: new Map(),
    head: undefined,
    verifier: () =>
      createSumdbVerifier({
        name: NAME,
        key: from.key,
        remote: {
          read(path) {
            made.asked.push(path)
            return made.read(path)
          },
        },
        tiles: {
          get: (path) => made.tiles.get(path),
          put: (path, bytes) => void made.tiles.set(path, bytes),
        },
        head: {
          read: async () => made.head,
          async swap(expected, next) {
            if (made.head !== expected) return false
            made.head = next
            return true
          },
          ...store,
        },
        onSecurity: (event) => made.events.push(event),
        onTrouble: (detail) => made.troubles.push(detail),
      }),
  }
  return made
}

/** Changes bytes of the honest answer to paths that begin so. */
function corrupt(w: World, start: string, change: (bytes: Buffer) => Uint8Array): void {
  const before = w.read
  w.read = async (path) => {
    const answer = await before(path)
    if (answer.kind !== 'bytes' || !path.startsWith(start)) return answer
    return { ...answer, bytes: change(Buffer.from(answer.bytes)) }
  }
}

const flip = (bytes: Buffer): Buffer => {
  bytes[7] = (bytes[7] ?? 0) ^ 1
  return bytes
}

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
