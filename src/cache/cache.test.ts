import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Proof, Resource, Verdict } from '../ecosystems/ecosystem.ts'
import { openLocalStore } from '../store/local/local-store.ts'
import { type Store, StoreError } from '../store/store.ts'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { Cache } from './cache.ts'
import type { CacheObserver, FillEnd } from './observer.ts'
import type { Outcome } from './outcome.ts'
import { reproveAll } from './reprove.ts'
import { clean, failed, found, missing, ScriptedUpstream, unknown } from './testing/scripted-upstream.ts'

const KiB = 1024

function randomBytes(size: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(size)
  let state = seed
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    bytes[i] = state >>> 16
  }
  return bytes
}

const large = randomBytes(300 * KiB)
/** Where a blob lies while it comes. */
const ways = [
  ['memory', randomBytes(200 * KiB)],
  ['a file', large],
] as const
const small = new TextEncoder().encode('module example.org/m\n')

class Recorder implements CacheObserver {
  readonly ends: FillEnd[] = []
  readonly joins: string[] = []
  readonly integrity: string[] = []
  readonly storeFailures: string[] = []
  readonly breaks: string[] = []
  readonly changes: string[] = []
  fillStarted(): void {
    // counted by the upstream's requests
  }
  fillJoined(resource: Resource): void {
    this.joins.push(resource.key)
  }
  fillEnded(end: FillEnd): void {
    this.ends.push(end)
  }
  integrityFailed(failure: { source: string; stage: string }): void {
    this.integrity.push(`${failure.source} ${failure.stage}`)
  }
  storeFailed(_resource: Resource, error: Error): void {
    this.storeFailures.push(error.message)
  }
  fillBroke(_resource: Resource, error: Error): void {
    this.breaks.push(error.message)
  }
  changed(key: string): void {
    this.changes.push(key)
  }
}

function proofOf(verdict: Verdict | ((signal: AbortSignal) => Promise<Verdict>)): () => Proof {
  return () => ({
    check: (_body, signal) => (typeof verdict === 'function' ? verdict(signal) : Promise.resolve(verdict)),
  })
}

const proved: Verdict = { verdict: 'proved' }
const wrong: Verdict = { verdict: 'wrong', reason: 'checksum mismatch' }

function resourceAt(path: string, change: Partial<Resource> = {}): Resource {
  return {
    ecosystem: 'go',
    key: `go/${path}`,
    sources: 'go',
    path,
    kind: 'zip',
    name: 'example.org/m',
    mediaType: 'application/zip',
    shape: 'blob',
    maxBytes: 1_000_000,
    freshMs: Number.POSITIVE_INFINITY,
    missMs: 30_000,
    prove: proofOf(proved),
    ...change,
  }
}

const blob = resourceAt('m/@v/v1.0.0.zip')
const list = resourceAt('m/@v/list', {
  kind: 'list',
  shape: 'metadata',
  freshMs: 60_000,
  prove: proofOf({ verdict: 'sound' }),
})

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let store: Store
let upstream: ScriptedUpstream
let recorder: Recorder
let cache: Cache
let nowMs: number
let proofWaitMs: number

beforeEach(async () => {
  folder = await temporaryFolder()
  store = await openLocalStore({ dataDir: folder.path, maxBytes: 1024 * 1024 * KiB })
  upstream = new ScriptedUpstream()
  recorder = new Recorder()
  nowMs = 1_800_000_000_000
  proofWaitMs = 60_000
  cache = new Cache({
    store,
    upstream,
    observer: recorder,
    now: () => nowMs,
    proofWaitMs: () => proofWaitMs,
  })
})

afterEach(async () => {
  await cache.close(0)
  await store.close()
  await folder[Symbol.asyncDispose]()
})

async function bodyOf(outcome: Outcome): Promise<Uint8Array> {
  switch (outcome.kind) {
    case 'filling':
      return new Uint8Array(await new Response(outcome.body.stream()).arrayBuffer())
    case 'refused':
      throw new Error(`refused: ${outcome.refusal.reason}`)
    default:
      return outcome.object.body.kind === 'bytes'
        ? outcome.object.body.bytes
        : await Bun.file(outcome.object.body.path).bytes()
  }
}

async function leftovers(): Promise<string[]> {
  return await readdir(join(folder.path, 'tmp'))
}

for (const [way, large] of ways)
  describe(`on its way in ${way}:`, () => {
    describe('a cold key', () => {
      test('is fetched once, whoever asks and however many', async () => {
        const { promise: gate, resolve: open } = Promise.withResolvers<void>()
        upstream.script(blob.path, found(large, { gate: () => gate }))
        const asked = Array.from({ length: 50 }, () => cache.ask(blob))
        open()
        const bodies = await Promise.all(asked.map(async (outcome) => bodyOf(await outcome)))
        for (const body of bodies) expect(Buffer.compare(body, large)).toBe(0)
        expect(upstream.requests).toHaveLength(1)
        expect(recorder.joins).toHaveLength(49)
      })

      test('is a synchronous hit afterwards', async () => {
        upstream.script(blob.path, found(large))
        await cache.askWhole(blob)
        const outcome = cache.ask(blob)
        expect(outcome).toMatchObject({ kind: 'hit', object: { sizeBytes: large.byteLength } })
      })

      test('streams from a clean source before it is whole, from the first byte to a late joiner too', async () => {
        const gates = Array.from({ length: 10 }, () => Promise.withResolvers<void>())
        upstream.script(
          blob.path,
          found(large, { gate: (chunk) => gates[chunk]?.promise ?? Promise.resolve() }),
        )
        const asking = cache.ask(blob)
        gates[0]?.resolve()
        const first = await asking
        if (first.kind !== 'filling') throw new Error(`not filling but ${first.kind}`)
        const reader = first.body.stream().getReader()
        const { value } = await reader.read()
        expect(value?.byteLength).toBeGreaterThan(0)

        const late = await cache.ask(blob)
        expect(late).toMatchObject({ kind: 'filling', joined: true })
        for (const gate of gates) gate.resolve()
        expect(Buffer.compare(await bodyOf(late), large)).toBe(0)
        await reader.cancel()
      })

      test('goes on when its only client leaves', async () => {
        const { promise: gate, resolve: open } = Promise.withResolvers<void>()
        upstream.script(blob.path, found(large, { gate: (chunk) => (chunk < 2 ? Promise.resolve() : gate) }))
        const outcome = await cache.ask(blob)
        if (outcome.kind !== 'filling') throw new Error(`not filling but ${outcome.kind}`)
        const reader = outcome.body.stream().getReader()
        await reader.read()
        await reader.cancel()
        open()
        const whole = await cache.askWhole(blob)
        expect(whole.kind).toBe('hit')
        expect(upstream.requests).toHaveLength(1)
      })
    })

    describe('proof', () => {
      test('bytes of a source without a record are held until they are proved', async () => {
        const { promise: verdict, resolve: settle } = Promise.withResolvers<Verdict>()
        const resource = { ...blob, prove: proofOf(() => verdict) }
        upstream.script(blob.path, found(large, { source: unknown }))
        const asking = Promise.resolve(cache.ask(resource))
        const early = await Promise.race([asking, Bun.sleep(0).then(() => 'nothing yet')])
        expect(early).toBe('nothing yet')
        settle(proved)
        expect(await asking).toMatchObject({ kind: 'filled', object: { meta: { proof: 'proved' } } })
        expect(upstream.records).toEqual([{ source: 'mirror.example', outcome: 'proved' }])
      })

      test('a lying source is left for the next one and nothing of it is kept', async () => {
        const lie = randomBytes(large.byteLength, 2)
        const verdicts: Verdict[] = [wrong, proved]
        const resource = { ...blob, prove: proofOf(() => Promise.resolve(verdicts.shift() ?? proved)) }
        upstream.script(blob.path, found(lie, { source: unknown }), found(large, { source: unknown }))
        const outcome = await cache.ask(resource)
        expect(Buffer.compare(await bodyOf(outcome), large)).toBe(0)
        expect(upstream.records.map(({ outcome: word }) => word)).toEqual(['wrong', 'proved'])
        expect(recorder.integrity).toEqual(['mirror.example held'])
        expect(upstream.rejected).toMatchObject([{ code: 'wrong-content' }])
        expect(store.stats()).toMatchObject({ objects: 1, quarantined: 1 })
      })

      test('a mismatch found in the middle of an answer cuts it off', async () => {
        upstream.script(blob.path, found(large), failed())
        const outcome = await cache.ask({ ...blob, prove: proofOf(wrong) })
        expect(outcome.kind).toBe('filling')
        await expect(bodyOf(outcome)).rejects.toThrow('wrong bytes')
        expect(store.stats()).toMatchObject({ objects: 0 })
        expect(await leftovers()).toEqual([])
      })

      test('a denial is final, and no source is blamed', async () => {
        upstream.script(blob.path, found(small, { source: unknown }))
        const denied: Verdict = { verdict: 'denied', reason: 'the database has no record' }
        const outcome = await cache.ask({ ...blob, prove: proofOf(denied) })
        expect(outcome).toMatchObject({ kind: 'refused', refusal: { kind: 'denied', status: 403 } })
        expect(upstream.records).toEqual([])
        expect(store.stats()).toMatchObject({ objects: 0 })
      })

      test('what cannot be proved is kept as unproved, and proved later', async () => {
        const verdicts: Verdict[] = [{ verdict: 'unproved', reason: 'unreachable' }, proved]
        const resource = { ...blob, prove: proofOf(() => Promise.resolve(verdicts.shift() ?? proved)) }
        upstream.script(blob.path, found(small, { source: unknown }))
        expect(await cache.ask(resource)).toMatchObject({ object: { meta: { proof: 'unproved' } } })
        const { signal } = new AbortController()
        const done = await reproveAll({ store, cache, resourceOf: () => resource, signal })
        expect(done).toEqual({ tried: 1, settled: 1 })
        expect(cache.ask(resource)).toMatchObject({ kind: 'hit', object: { meta: { proof: 'proved' } } })
      })

      test('what turns out wrong later is put into the quarantine', async () => {
        const verdicts: Verdict[] = [{ verdict: 'unproved', reason: 'unreachable' }, wrong]
        const resource = { ...blob, prove: proofOf(() => Promise.resolve(verdicts.shift() ?? wrong)) }
        upstream.script(blob.path, found(large, { source: unknown }))
        await cache.askWhole(resource)
        await reproveAll({ store, cache, resourceOf: () => resource, signal: new AbortController().signal })
        expect(store.stats()).toMatchObject({ objects: 0, quarantined: 1 })
        expect(recorder.integrity).toEqual(['mirror.example kept'])
      })

      test('a proof that takes too long does not hold the client, and is applied when it comes', async () => {
        proofWaitMs = 1
        const { promise: verdict, resolve: settle } = Promise.withResolvers<Verdict>()
        const resource = { ...blob, prove: proofOf(() => verdict) }
        upstream.script(blob.path, found(small, { source: unknown }))
        expect(await cache.ask(resource)).toMatchObject({ object: { meta: { proof: 'unproved' } } })
        const { promise: changed, resolve: change } = Promise.withResolvers<void>()
        recorder.changed = () => change()
        settle(proved)
        await changed
        expect(await cache.ask(resource)).toMatchObject({ object: { meta: { proof: 'proved' } } })
      })
    })

    describe('a body that breaks', () => {
      const truncated = { code: 'truncated', message: 'origin.example ended early' } as const

      test('is not kept, and the reason reaches whoever waits', async () => {
        upstream.script(blob.path, found(small, { breaks: truncated }), failed(truncated))
        const outcome = await cache.ask(blob)
        expect(outcome).toMatchObject({
          kind: 'refused',
          refusal: { kind: 'upstream-failed', reason: 'origin.example ended early' },
        })
        expect(upstream.rejected).toEqual([truncated])
        expect(store.stats()).toMatchObject({ objects: 0, stagedBytes: 0 })
      })

      test('tells its reason to those who wait for all of it, and is fetched once', async () => {
        upstream.script(blob.path, found(large, { breaks: truncated }), failed(truncated))
        expect(await cache.askWhole(blob)).toMatchObject({
          kind: 'refused',
          refusal: { kind: 'upstream-failed', reason: 'origin.example ended early' },
        })
        expect(upstream.requests).toHaveLength(1)
      })

      test('cuts off those who already had bytes of it', async () => {
        upstream.script(blob.path, found(large, { breaks: truncated }), failed(truncated))
        const outcome = await cache.ask(blob)
        await expect(bodyOf(outcome)).rejects.toThrow('ended early')
        expect(await leftovers()).toEqual([])
      })
    })
  })

describe('what changes', () => {
  test('is fresh for its time, then stale at once while one refresh runs', async () => {
    upstream.script(
      list.path,
      found(new TextEncoder().encode('v1.0.0\n')),
      found(new TextEncoder().encode('v1.0.0\nv1.1.0\n')),
    )
    await cache.ask(list)
    nowMs += 59_000
    expect(cache.ask(list)).toMatchObject({ kind: 'hit', ageMs: 59_000 })
    nowMs += 2_000
    expect(cache.ask(list)).toMatchObject({ kind: 'stale', ageMs: 61_000 })
    cache.ask(list)
    await cache.refresh(list)
    expect(upstream.requests).toHaveLength(2)
    expect(new TextDecoder().decode(await bodyOf(await cache.ask(list)))).toBe('v1.0.0\nv1.1.0\n')
  })

  test('stays as long as the upstream fails, which is not hammered meanwhile', async () => {
    upstream.script(list.path, found(small), failed())
    await cache.ask(list)
    nowMs += 3_600_000
    expect(cache.ask(list)).toMatchObject({ kind: 'stale' })
    await cache.refresh(list)
    expect(cache.ask(list)).toMatchObject({ kind: 'stale', reason: 'the last refresh failed' })
    expect(upstream.requests).toHaveLength(2)
  })

  test('is confirmed by a conditional request', async () => {
    upstream.script(list.path, found(small, { etag: '"one"' }), { kind: 'not-modified', source: clean })
    await cache.ask(list)
    nowMs += 61_000
    await cache.refresh(list)
    expect(upstream.requests[1]?.validators).toEqual({ source: 'origin.example', etag: '"one"' })
    expect(cache.ask(list)).toMatchObject({ kind: 'hit', ageMs: 0 })
  })

  test('stays when its refresh fails in a way that nobody expected, which is told', async () => {
    upstream.script(list.path, found(small), () => {
      throw new Error('an adapter has a bug')
    })
    await cache.ask(list)
    nowMs += 61_000
    expect(cache.ask(list)).toMatchObject({ kind: 'stale' })
    await expect(cache.refresh(list)).rejects.toThrow('an adapter has a bug')
    expect(recorder.breaks).toEqual(['an adapter has a bug'])
    expect(recorder.ends.map(({ outcome }) => outcome)).toEqual(['stored', 'failed'])
    expect(cache.ask(list)).toMatchObject({ kind: 'stale', reason: 'the last refresh failed' })
    expect(upstream.requests).toHaveLength(2)
  })

  test('is forgotten when its source says that it is gone', async () => {
    upstream.script(list.path, found(small), missing)
    await cache.ask(list)
    nowMs += 61_000
    await cache.refresh(list)
    expect(await cache.ask(list)).toMatchObject({ kind: 'refused', refusal: { kind: 'not-found' } })
  })

  test('is not made fresh for ever by a clock that was set back', async () => {
    upstream.script(list.path, found(small))
    await cache.ask(list)
    nowMs -= 86_400_000
    expect(cache.ask(list)).toMatchObject({ kind: 'hit', ageMs: 0 })
  })
})

describe('what does not exist', () => {
  test('is remembered for its time', async () => {
    upstream.script(blob.path, missing)
    await cache.ask(blob)
    expect(await cache.ask(blob)).toMatchObject({ kind: 'refused', remembered: true })
    expect(upstream.requests).toHaveLength(1)
    nowMs += 30_001
    await cache.ask(blob)
    expect(upstream.requests).toHaveLength(2)
  })

  test('is asked for again at once when a newer list names it', async () => {
    upstream.script(blob.path, missing)
    await cache.ask(blob)
    upstream.script(list.path, found(small))
    await cache.ask({ ...list, disproves: () => [blob.key] })
    upstream.script(blob.path, found(large))
    expect((await cache.askWhole(blob)).kind).not.toBe('refused')
  })

  test('stands in an outage as long as it takes, where the adapter says so', async () => {
    const lasting = { ...list, missLasts: true }
    upstream.script(list.path, missing, failed({ code: 'http', message: 'origin.example is down' }))
    await cache.ask(lasting)
    nowMs += list.missMs + 1
    expect(await cache.ask(lasting)).toMatchObject({
      refusal: {
        kind: 'not-found',
        fleeting: true,
        reason: expect.stringContaining('origin.example is down'),
      },
    })
    upstream.script(list.path, found(small))
    expect((await cache.askWhole(lasting)).kind).not.toBe('refused')
  })

  test('is an outage in an outage, where it does not', async () => {
    for (const resource of [list, blob]) {
      upstream.script(resource.path, missing, failed())
      await cache.ask(resource)
      nowMs += resource.missMs + 1
      expect(await cache.ask(resource)).toMatchObject({ refusal: { kind: 'upstream-failed' } })
    }
  })

  test('is never made of an outage', async () => {
    upstream.script(blob.path, failed({ code: 'offline' }))
    expect(await cache.ask(blob)).toMatchObject({ refusal: { kind: 'upstream-failed' }, remembered: false })
    upstream.script(blob.path, found(large))
    expect((await cache.askWhole(blob)).kind).not.toBe('refused')
  })
})

test('the first bytes of a large body go out while they are still being written', async () => {
  const { promise: written, resolve: write } = Promise.withResolvers<void>()
  const stageFor = store.stage.bind(store)
  store.stage = async (expectedBytes) => {
    const stage = await stageFor(expectedBytes)
    const writeNow = stage.write.bind(stage)
    stage.write = async (chunk) => {
      await written
      await writeNow(chunk)
    }
    return stage
  }
  upstream.script(blob.path, found(large))
  const outcome = await cache.ask(blob)
  if (outcome.kind !== 'filling') throw new Error(`not filling but ${outcome.kind}`)
  const early = outcome.body.stream().getReader()
  const { value } = await early.read()
  expect(Buffer.compare(value ?? new Uint8Array(), large.subarray(0, 32 * KiB - 1))).toBe(0)
  write()
  expect(Buffer.compare(await bodyOf(outcome), large)).toBe(0)
  await early.cancel()
})

describe('memory for bodies on their way', () => {
  /** How many bodies have a file while they come. */
  const files = async () => (await leftovers()).length
  const middling = (at: number) => randomBytes(256 * KiB, at)
  const place = (at: number) => resourceAt(`m${at}/@v/v1.0.0.zip`)

  test('is bounded: what finds no room has a file, and room comes back', async () => {
    const { promise: gate, resolve: open } = Promise.withResolvers<void>()
    const held = (chunk: number) => (chunk === 0 ? Promise.resolve() : gate)
    const count = 130
    const begin = (at: number) => {
      upstream.script(place(at).path, found(middling(at), { gate: held }))
      return cache.ask(place(at))
    }
    const outcomes = await Promise.all(Array.from({ length: count }, (_, at) => begin(at)))
    expect(await files()).toBe(count - 128)
    open()
    const bodies = await Promise.all(outcomes.map(bodyOf))
    for (const [at, body] of bodies.entries()) expect(Buffer.compare(body, middling(at))).toBe(0)
    await Promise.all(outcomes.map((_, at) => cache.askWhole(place(at))))
    // A body whose last reader is done is closed a turn later.
    await Bun.sleep(1)

    const again = await begin(count)
    expect([again.kind, await files()]).toEqual(['filling', 0])
    expect(Buffer.compare(await bodyOf(again), middling(count))).toBe(0)
  })

  test('is given back by bodies that were held, and by those that broke', async () => {
    const truncated = { code: 'truncated', message: 'ended early' } as const
    for (let at = 0; at < 150; at++) {
      const source = at % 2 === 0 ? unknown : clean
      const broken = at % 3 === 0 ? { breaks: truncated } : {}
      upstream.script(place(at).path, found(middling(at), { source, ...broken }), failed(truncated))
      const outcome = await cache.ask(place(at))
      if (outcome.kind === 'filling') await bodyOf(outcome).catch(() => undefined)
    }
    await Bun.sleep(1)
    const { promise: gate, resolve: open } = Promise.withResolvers<void>()
    upstream.script(
      place(200).path,
      found(middling(200), { gate: (chunk) => (chunk === 0 ? Promise.resolve() : gate) }),
    )
    const last = await cache.ask(place(200))
    expect(await files()).toBe(0)
    open()
    expect(Buffer.compare(await bodyOf(last), middling(200))).toBe(0)
  })

  test('is not for blobs that do not say how large they are', async () => {
    const { promise: gate, resolve: open } = Promise.withResolvers<void>()
    const held = (chunk: number) => (chunk === 0 ? Promise.resolve() : gate)
    upstream.script(blob.path, found(middling(1), { sizeBytes: undefined, gate: held }))
    const outcome = await cache.ask(blob)
    expect(await files()).toBe(1)
    open()
    expect(Buffer.compare(await bodyOf(outcome), middling(1))).toBe(0)
  })
})

describe('a disk that takes nothing', () => {
  const full = () =>
    Promise.reject(new StoreError('store.full', 'no room in the data folder', 'raise cache.maxBytes'))

  test('still lets a small body through, once', async () => {
    store.put = full
    upstream.script(blob.path, found(small))
    const outcome = await cache.ask(blob)
    expect(outcome).toMatchObject({ kind: 'filled', stored: false })
    expect(await bodyOf(outcome)).toEqual(small)
    expect(recorder.storeFailures).toEqual(['no room in the data folder'])
  })

  test('and a middling one, sent while it comes or to whoever waits for all of it, with one fetch', async () => {
    store.put = full
    const middling = randomBytes(200 * KiB)
    upstream.script(blob.path, found(middling))
    const asked = [cache.ask(blob), cache.askWhole(blob)]
    const [coming, whole] = await Promise.all(asked)
    expect(coming).toMatchObject({ kind: 'filling' })
    expect(whole).toMatchObject({ kind: 'filled', stored: false })
    for (const outcome of [coming, whole])
      expect(outcome && Buffer.compare(await bodyOf(outcome), middling)).toBe(0)
    expect(upstream.requests).toHaveLength(1)
    expect(recorder.storeFailures).toEqual(['no room in the data folder'])
  })

  test('refuses a large one with the cause and the fix', async () => {
    store.stage = full
    upstream.script(blob.path, found(large))
    expect(await cache.ask(blob)).toMatchObject({
      refusal: { kind: 'store-failed', reason: 'no room in the data folder', hint: 'raise cache.maxBytes' },
    })
  })
})

describe('a disk that takes nothing, and a list past its time', () => {
  const answers: readonly [
    string,
    ReturnType<typeof found> | { kind: 'not-modified'; source: typeof clean },
  ][] = [
    ['that is confirmed', { kind: 'not-modified', source: clean }],
    ['that is newer', found(large.subarray(0, 100))],
  ]
  for (const [what, answer] of answers) {
    test(`${what}: it is served, and the sources are not asked with every request`, async () => {
      upstream.script(list.path, found(small, { etag: '"one"' }), answer)
      await cache.ask(list)
      nowMs += 61_000
      const full = () =>
        Promise.reject(new StoreError('store.full', 'no room in the data folder', 'raise cache.maxBytes'))
      store.put = full
      store.amend = full
      await cache.refresh(list)
      expect(recorder.storeFailures).toEqual(['no room in the data folder'])
      expect(recorder.breaks).toEqual([])
      expect(await bodyOf(await cache.ask(list))).toEqual(small)
      expect(upstream.requests).toHaveLength(2)
      nowMs += 1_001
      await cache.ask(list)
      expect(upstream.requests).toHaveLength(3)
    })
  }
})

test('closing breaks off what is under way and leaves nothing half-done', async () => {
  const never = new Promise<void>(() => undefined)
  const stopped = Promise.withResolvers<void>()
  upstream.script(
    blob.path,
    found(large, {
      gate: (chunk) => (chunk < 2 ? Promise.resolve() : Promise.race([never, stopped.promise])),
    }),
  )
  const outcome = await cache.ask(blob)
  const reading = bodyOf(outcome)
  reading.catch(() => undefined)
  const closing = cache.close(0)
  stopped.resolve()
  await closing
  await expect(reading).rejects.toThrow()
  expect(await leftovers()).toEqual([])
  expect(store.stats()).toMatchObject({ objects: 0, stagedBytes: 0 })
})
