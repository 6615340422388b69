import { describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { open, readFile } from 'node:fs/promises'
import type { ObjectMeta, Store, StoredObject, StoreErrorCode } from './store.ts'

/** What goes wrong with what a store writes to, from its `at`-th change on; `error` fails that one only. */
export interface StoreFault {
  readonly kind: 'crash' | 'full' | 'readonly' | 'error'
  readonly at: number
}

/** One data place for one test. Whatever it opened is closed and removed by `dispose`. */
export interface StoreHarness extends AsyncDisposable {
  open(): Promise<Store>
  /** Faults strike from now on; undefined for none. */
  arm(fault: StoreFault | undefined): void
  /** True when the armed fault has struck. */
  struck(): boolean
  /** Opens what is left as if the process had been killed at this instant. */
  openAfterKill(): Promise<Store>
  /** Changes kept bytes behind the store's back. */
  damage(object: StoredObject, how: 'flip' | 'cut' | 'delete'): Promise<void>
  /** Between `close` and `open`: what only helps to find things faster is gone or garbled. */
  spoilIndex(how: 'delete' | 'garble'): Promise<void>
  /** Resolves when background work is done. */
  settle(store: Store): Promise<void>
}

export const testMeta: ObjectMeta = {
  mediaType: 'text/plain; charset=utf-8',
  source: 'https://mirror.example',
  proof: 'proved',
  checkedAtMs: 1_700_000_000_000,
}

/** Bytes that follow from a seed. */
export function testBytes(sizeBytes: number, seed = 1): Buffer<ArrayBuffer> {
  const bytes = Buffer.alloc(sizeBytes)
  let state = seed * 2654435761
  for (let at = 0; at < sizeBytes; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    bytes[at] = state >>> 24
  }
  return bytes
}

export const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

export async function stageAll(
  store: Store,
  key: string,
  bytes: Buffer,
  meta = testMeta,
): Promise<StoredObject> {
  await using stage = await store.stage(bytes.length)
  for (let at = 0; at < bytes.length; at += 30_000) await stage.write(bytes.subarray(at, at + 30_000))
  return await stage.commit(key, meta)
}

export async function bodyOf(object: StoredObject): Promise<Buffer> {
  return object.body.kind === 'bytes' ? Buffer.from(object.body.bytes) : readFile(object.body.path)
}

/** The bytes of a key, checked against its digest and size. */
export async function wholeBody(store: Store, key: string): Promise<Buffer | undefined> {
  const object = await store.find(key)
  if (!object) return undefined
  using _ = store.hold(object)
  const bytes = await bodyOf(object)
  expect(object.key).toBe(key)
  expect(bytes.length).toBe(object.sizeBytes)
  expect(sha256Of(bytes)).toBe(object.sha256)
  return bytes
}

async function keysOf(store: Store, filter: Parameters<Store['list']>[0] = {}): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of store.list(filter)) keys.push(key)
  return keys
}

async function codeOf(work: Promise<unknown>): Promise<StoreErrorCode | 'none'> {
  try {
    await work
    return 'none'
  } catch (error) {
    if (error instanceof Error && 'code' in error && 'hint' in error && String(error.hint) !== '')
      return error.code as StoreErrorCode
    throw error
  }
}

/** Faults other than a crash strike at every third change, or at every one. */
const stride = process.env.POSTHASTE_TEST_ALL === '1' ? 1 : 3

const smallBytes = testBytes(1600, 7)
const largeBytes = testBytes(150_000, 8)

/** The suite that every store must pass. */
export function describeStore(name: string, harness: () => Promise<StoreHarness>): void {
  describe(`${name}: keeping`, () => {
    test('a small body comes back as it was put, in memory', async () => {
      await using place = await harness()
      const store = await place.open()
      const put = await store.put('go/a', smallBytes, { ...testMeta, etag: '"x"' })
      const found = await store.find('go/a')
      expect(found?.body.kind).toBe('bytes')
      expect(found?.sha256).toBe(sha256Of(smallBytes))
      expect(found?.meta).toEqual({ ...testMeta, etag: '"x"' })
      expect(put.sha256).toBe(sha256Of(smallBytes))
      expect(await wholeBody(store, 'go/a')).toEqual(smallBytes)
    })

    test('what was found can be peeked at, and peeking changes nothing that was found', async () => {
      await using place = await harness()
      const store = await place.open()
      const sizes = [0, 1, 1600, 65_535, 65_536, 65_537]
      for (const size of sizes) await store.put(`go/${size}`, testBytes(size, size), testMeta)
      const found = await Promise.all(sizes.map(async (size) => await store.find(`go/${size}`)))
      for (const size of [...sizes, ...sizes.toReversed()]) {
        const peeked = store.peek(`go/${size}`)
        expect(peeked?.key).toBe(`go/${size}`)
        expect(peeked?.sizeBytes).toBe(size)
        expect(peeked?.meta).toEqual(testMeta)
        expect(peeked && (await bodyOf(peeked))).toEqual(testBytes(size, size))
      }
      for (const [at, size] of sizes.entries()) {
        const object = found[at]
        expect(object && (await bodyOf(object))).toEqual(testBytes(size, size))
      }
      expect(store.peek('go/none')).toBeUndefined()
    })

    test.each([0, 1, 65_535, 65_536, 65_537, 300_000])(
      'a body of %d bytes comes back whole',
      async (size) => {
        await using place = await harness()
        const store = await place.open()
        const bytes = testBytes(size, size + 3)
        await stageAll(store, 'staged', bytes)
        await store.put('put', bytes, testMeta)
        expect(await wholeBody(store, 'staged')).toEqual(bytes)
        expect(await wholeBody(store, 'put')).toEqual(bytes)
      },
    )

    test('a range of a large body is a slice of its file', async () => {
      await using place = await harness()
      const store = await place.open()
      const object = await stageAll(store, 'large', largeBytes)
      if (object.body.kind !== 'file') throw new Error('expected a file')
      const file = await open(object.body.path)
      const slice = Buffer.alloc(1000)
      await file.read(slice, 0, 1000, 77_000)
      await file.close()
      expect(slice).toEqual(largeBytes.subarray(77_000, 78_000))
    })

    test('a staged body can be read while it grows', async () => {
      await using place = await harness()
      const store = await place.open()
      await using stage = await store.stage()
      await stage.write(largeBytes.subarray(0, 90_000))
      expect(stage.sizeBytes).toBe(90_000)
      expect((await readFile(stage.path)).subarray(0, 90_000)).toEqual(largeBytes.subarray(0, 90_000))
      await stage.write(largeBytes.subarray(90_000))
      await stage.commit('large', testMeta)
      expect(await wholeBody(store, 'large')).toEqual(largeBytes)
    })

    test('an abandoned stage leaves nothing', async () => {
      await using place = await harness()
      const store = await place.open()
      {
        await using stage = await store.stage(200_000)
        await stage.write(largeBytes)
        expect(store.stats().stagedBytes).toBeGreaterThanOrEqual(200_000)
      }
      expect(store.stats().stagedBytes).toBe(0)
      expect(await keysOf(store)).toEqual([])
    })

    test('everything is there after a restart', async () => {
      await using place = await harness()
      const before = await place.open()
      await before.put('small', smallBytes, testMeta)
      await stageAll(before, 'large', largeBytes)
      await before.swapState('head', undefined, 'tree 5')
      await before.close()
      const after = await place.open()
      expect(await wholeBody(after, 'small')).toEqual(smallBytes)
      expect(await wholeBody(after, 'large')).toEqual(largeBytes)
      expect(await after.readState('head')).toBe('tree 5')
      expect(await after.find('other')).toBeUndefined()
    })

    test('the last of many writers of one key wins, whole', async () => {
      await using place = await harness()
      const store = await place.open()
      const bodies = Array.from({ length: 12 }, (_, n) => testBytes(n % 2 ? 70_000 + n : 900 + n, n + 1))
      await Promise.all(bodies.map((bytes) => stageAll(store, 'one', bytes)))
      const found = (await wholeBody(store, 'one')) ?? Buffer.of()
      expect(bodies.some((bytes) => bytes.equals(found))).toBe(true)
      await store.close()
      expect(await wholeBody(await place.open(), 'one')).toEqual(found)
    })

    test('a replaced body is gone, the new one stays', async () => {
      await using place = await harness()
      const store = await place.open()
      await stageAll(store, 'key', largeBytes)
      await stageAll(store, 'key', testBytes(80_000, 4))
      await store.put('key', smallBytes, testMeta)
      await place.settle(store)
      expect(await wholeBody(store, 'key')).toEqual(smallBytes)
      expect(store.stats().objects).toBe(1)
    })

    test('two keys may have the same bytes, and part with them one by one', async () => {
      await using place = await harness()
      const store = await place.open()
      await stageAll(store, 'one', largeBytes)
      await stageAll(store, 'two', largeBytes)
      await store.remove('one')
      await place.settle(store)
      expect(await wholeBody(store, 'two')).toEqual(largeBytes)
    })
  })

  describe(`${name}: changing`, () => {
    test('amend changes what is remembered and not the bytes', async () => {
      await using place = await harness()
      const store = await place.open()
      for (const [key, bytes] of [
        ['small', smallBytes],
        ['large', largeBytes],
      ] as const) {
        await stageAll(store, key, bytes, { ...testMeta, proof: 'unproved' })
        const amended = await store.amend(key, { proof: 'proved', checkedAtMs: 5 })
        expect(amended?.meta).toEqual({ ...testMeta, proof: 'proved', checkedAtMs: 5 })
        expect(await wholeBody(store, key)).toEqual(bytes)
      }
      expect(store.stats().unproved).toBe(0)
      expect(await store.amend('none', { checkedAtMs: 1 })).toBeUndefined()
      await store.close()
      const found = await (await place.open()).find('large')
      expect(found?.meta.checkedAtMs).toBe(5)
    })

    test('remove forgets, also across a restart', async () => {
      await using place = await harness()
      const store = await place.open()
      await store.put('small', smallBytes, testMeta)
      await stageAll(store, 'large', largeBytes)
      expect(await store.remove('small')).toBe(true)
      expect(await store.remove('large')).toBe(true)
      expect(await store.remove('large')).toBe(false)
      expect(await store.find('small')).toBeUndefined()
      await store.close()
      const after = await place.open()
      expect(await after.find('small')).toBeUndefined()
      expect(await after.find('large')).toBeUndefined()
      expect(await keysOf(after)).toEqual([])
    })

    test('a held file outlives its key, and goes with the hold', async () => {
      await using place = await harness()
      const store = await place.open()
      const object = await stageAll(store, 'large', largeBytes)
      if (object.body.kind !== 'file') throw new Error('expected a file')
      const hold = store.hold(object)
      await store.remove('large')
      await place.settle(store)
      expect(sha256Of(await readFile(object.body.path))).toBe(object.sha256)
      hold[Symbol.dispose]()
      await place.settle(store)
      expect(readFile(object.body.path)).rejects.toThrow('ENOENT')
    })

    test('state changes only from the value that was expected', async () => {
      await using place = await harness()
      const store = await place.open()
      expect(await store.readState('sum/db')).toBeUndefined()
      const swaps = await Promise.all(
        ['a', 'b', 'c'].map((next) => store.swapState('sum/db', undefined, next)),
      )
      expect(swaps.filter(Boolean)).toHaveLength(1)
      const present = await store.readState('sum/db')
      expect(await store.swapState('sum/db', 'zzz', 'd')).toBe(false)
      expect(await store.swapState('sum/db', present, 'd')).toBe(true)
      expect(await store.readState('sum/db')).toBe('d')
    })

    test('quarantine takes an object, a staged body, or bytes', async () => {
      await using place = await harness()
      const store = await place.open()
      await stageAll(store, 'kept', largeBytes)
      await store.quarantine('kept', 'lied')
      {
        await using stage = await store.stage()
        await stage.write(largeBytes)
        await stage.quarantine('coming', 'mismatch')
      }
      await store.quarantine('loose', 'mismatch', smallBytes)
      expect(await store.find('kept')).toBeUndefined()
      expect(await store.find('coming')).toBeUndefined()
      expect(store.stats().quarantined).toBe(3)
      expect(store.stats().quarantineBytes).toBeGreaterThan(largeBytes.length)
    })

    test('nothing is done after close', async () => {
      await using place = await harness()
      const store = await place.open()
      await store.close()
      await store.close()
      expect(await codeOf(store.put('a', smallBytes, testMeta))).toBe('store.closed')
      expect(await codeOf(store.stage())).toBe('store.closed')
    })
  })

  describe(`${name}: listing`, () => {
    const keys = ['go/a/@v/v1.mod', 'go/a/@v/v1.zip', 'go/b[1]/list', 'go/é', 'npm/x', 'npm/xy']
    const cases: [Parameters<Store['list']>[0], string[]][] = [
      [{}, keys.toSorted()],
      [{ pattern: 'go/a/*' }, ['go/a/@v/v1.mod', 'go/a/@v/v1.zip']],
      [{ pattern: '*.zip' }, ['go/a/@v/v1.zip']],
      [{ pattern: 'npm/x?' }, ['npm/xy']],
      [{ pattern: 'go/b[1]/*' }, ['go/b[1]/list']],
      [{ pattern: 'GO/*' }, []],
      [{ after: 'go/é' }, ['npm/x', 'npm/xy']],
      [{ after: 'go/a/@v/v1.mod', limit: 2 }, ['go/a/@v/v1.zip', 'go/b[1]/list']],
      [{ proof: 'unproved' }, ['npm/x']],
      [{ proof: 'unproved', pattern: 'go/*' }, []],
    ]
    test('keys come in order, by pattern, after a key, by proof', async () => {
      await using place = await harness()
      const store = await place.open()
      for (const key of keys.toReversed())
        await store.put(key, smallBytes, { ...testMeta, proof: key === 'npm/x' ? 'unproved' : 'sound' })
      for (const [filter, expected] of cases) expect(await keysOf(store, filter)).toEqual(expected)
      expect(store.stats()).toMatchObject({ objects: keys.length, unproved: 1 })
    })

    test('a long list is complete while keys come and go', async () => {
      await using place = await harness()
      const store = await place.open()
      const many = Array.from({ length: 700 }, (_, n) => `k/${String(n).padStart(4, '0')}`)
      await Promise.all(many.map((key) => store.put(key, Buffer.from(key), testMeta)))
      const seen: string[] = []
      for await (const { key, sizeBytes } of store.list()) {
        expect(sizeBytes).toBe(6)
        seen.push(key)
        if (key === 'k/0100') await store.remove('k/0650')
      }
      expect(seen).toEqual(many.filter((key) => key !== 'k/0650'))
    })
  })

  describe(`${name}: damage`, () => {
    test.each(['cut', 'delete'] as const)(
      'a large body that was %s is noticed when it is opened',
      async (how) => {
        await using place = await harness()
        const store = await place.open()
        const object = await stageAll(store, 'large', largeBytes)
        await place.damage(object, how)
        expect(store.peek('large')).toBeUndefined()
        expect(await store.find('large')).toBeUndefined()
        await stageAll(store, 'large', largeBytes)
        expect(await wholeBody(store, 'large')).toEqual(largeBytes)
      },
    )

    test('a small body with a flipped bit is never given out', async () => {
      await using place = await harness()
      const store = await place.open()
      await store.put('other', testBytes(900, 2), testMeta)
      const object = await store.put('small', smallBytes, testMeta)
      expect(store.peek('other')?.key).toBe('other')
      await place.damage(object, 'flip')
      expect(store.peek('small')).toBeUndefined()
      expect(await store.find('small')).toBeUndefined()
      expect(await wholeBody(store, 'other')).toEqual(testBytes(900, 2))
    })

    test('verify finds flipped bits, puts the objects aside and leaves the others', async () => {
      await using place = await harness()
      const store = await place.open()
      await place.damage(await stageAll(store, 'large', largeBytes), 'flip')
      await stageAll(store, 'good', testBytes(90_000, 3))
      await place.damage(await store.put('small', smallBytes, testMeta), 'flip')
      const { findings } = await store.verify({})
      expect(findings.map(({ key, action }) => [key, action]).toSorted()).toEqual([
        ['large', 'quarantined'],
        ['small', 'quarantined'],
      ])
      expect(await store.find('large')).toBeUndefined()
      expect(await wholeBody(store, 'good')).toEqual(testBytes(90_000, 3))
      expect(store.stats().quarantined).toBe(2)
      expect((await store.verify({})).findings).toEqual([])
    })

    test.each(['delete', 'garble'] as const)('an index that is gone (%s) is made again', async (how) => {
      await using place = await harness()
      const before = await place.open()
      for (let n = 0; n < 300; n++) await before.put(`s/${n}`, testBytes(700, n), testMeta)
      await stageAll(before, 'large', largeBytes, { ...testMeta, proof: 'unproved' })
      await before.put('s/7', smallBytes, testMeta)
      await before.remove('s/8')
      await before.close()
      await place.spoilIndex(how)
      const store = await place.open()
      // Asked before the rebuild can have ended.
      const early = await Promise.all(['s/7', 's/8', 's/0', 'large', 'none'].map((key) => store.find(key)))
      expect(early.map((object) => object?.sizeBytes)).toEqual([1600, undefined, 700, 150_000, undefined])
      await store.put('new', smallBytes, testMeta)
      await place.settle(store)
      expect(store.stats()).toMatchObject({ objects: 301, unproved: 1, rebuilding: false })
      for (let n = 0; n < 300; n++)
        if (n > 8) expect(await wholeBody(store, `s/${n}`)).toEqual(testBytes(700, n))
      expect(await keysOf(store)).toHaveLength(301)
      await store.close()
      expect(await wholeBody(await place.open(), 's/7')).toEqual(smallBytes)
    })
  })

  describe(`${name}: faults`, () => {
    type Step = (store: Store, told: Map<string, Buffer | undefined>) => Promise<void>
    const put = (key: string, bytes: Buffer): Step => {
      return async (store, told) => {
        await store.put(key, bytes, testMeta)
        told.set(key, bytes)
      }
    }
    const stage = (key: string, bytes: Buffer): Step => {
      return async (store, told) => {
        await stageAll(store, key, bytes)
        told.set(key, bytes)
      }
    }
    /** Every kind of change, in a fixed order; `told` gets what was acknowledged. */
    const steps: Step[] = [
      put('a', smallBytes),
      stage('b', largeBytes),
      async (store) => void (await store.amend('a', { checkedAtMs: 9 })),
      put('old', testBytes(500, 6)),
      async (store, told) => {
        // What is half done when the fault strikes may be there or not.
        told.delete('old')
        await store.remove('old')
        told.set('old', undefined)
      },
      async (store) => void (await store.swapState('s', undefined, 'v')),
      stage('c', testBytes(70_000, 5)),
      async (store) => void (await store.quarantine('q', 'bad', smallBytes)),
      async (store, told) => {
        told.delete('b')
        await stage('b', testBytes(71_000, 9))(store, told)
      },
    ]

    test('killed at any step, everything acknowledged is there and whole', async () => {
      let at = 1
      for (let reached = true; reached; at++) {
        await using place = await harness()
        const store = await place.open()
        await store.put('before', smallBytes, testMeta)
        const told = new Map<string, Buffer | undefined>([['before', smallBytes]])
        place.arm({ kind: 'crash', at })
        for (const step of steps) if ((await codeOf(step(store, told))) !== 'none') break
        reached = place.struck()
        const after = await place.openAfterKill()
        for (const [key, bytes] of told) expect(await wholeBody(after, key)).toEqual(bytes as Buffer)
        for (const key of await keysOf(after)) expect(await wholeBody(after, key)).toBeDefined()
        expect((await after.verify({})).findings).toEqual([])
        for (const step of steps) await step(after, told)
        await place.settle(after)
        expect(await wholeBody(after, 'b')).toEqual(testBytes(71_000, 9))
      }
      expect(at).toBeGreaterThan(30)
    }, 60_000)

    const answers = { full: ['store.full'], readonly: ['store.readonly'], error: ['store.io'] } as const
    test.each(['full', 'readonly', 'error'] as const)(
      'a disk that fails (%s) at any step costs no kept object',
      async (kind) => {
        let at = 1
        for (let reached = true; reached; at += stride) {
          await using place = await harness()
          const store = await place.open()
          await store.put('before', smallBytes, testMeta)
          await stageAll(store, 'large', largeBytes)
          place.arm({ kind, at })
          const told = new Map<string, Buffer | undefined>([
            ['before', smallBytes],
            ['large', largeBytes],
          ])
          for (const step of steps)
            expect(['none', ...answers[kind]]).toContain(await codeOf(step(store, told)))
          reached = place.struck()
          for (const [key, bytes] of told) if (bytes) expect(await wholeBody(store, key)).toEqual(bytes)
          expect(store.stats().stagedBytes).toBe(0)
          place.arm(undefined)
          for (const step of steps) await step(store, told)
          await place.settle(store)
          for (const [key, bytes] of told) expect(await wholeBody(store, key)).toEqual(bytes as Buffer)
          await store.close()
          const after = await place.open()
          for (const [key, bytes] of told) expect(await wholeBody(after, key)).toEqual(bytes as Buffer)
        }
        expect(at).toBeGreaterThan(20)
      },
      60_000,
    )
  })
}
