import { expect, test } from 'bun:test'
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stageAll, testBytes, testMeta, wholeBody } from '../store-contract.ts'
import { packToCompact, packToMerge } from './compaction.ts'
import { FaultyDisk } from './faulty-disk.ts'
import { hurriedClock } from './hurried-clock.ts'
import { type LocalStore, openLocalStore } from './local-store.ts'
import type { Pack } from './packs.ts'

const maxBytes = 8 << 20

function open(dataDir: string, disk: FaultyDisk): Promise<LocalStore> {
  return openLocalStore({ dataDir, maxBytes, clock: hurriedClock(), disk: disk.disk })
}

/** Three packs, most of it replaced or removed, nothing compacted yet. */
async function makeDead(dataDir: string): Promise<Map<string, Buffer | undefined>> {
  const store = await open(dataDir, new FaultyDisk())
  const kept = new Map<string, Buffer | undefined>()
  for (let n = 0; n < 60; n++) {
    await store.put('list', testBytes(9000, n), testMeta)
    await store.put(`k/${n % 20}`, testBytes(2000 + n, n), testMeta)
    kept.set(`k/${n % 20}`, testBytes(2000 + n, n))
  }
  kept.set('list', testBytes(9000, 59))
  await stageAll(store, 'large', testBytes(80_000, 3))
  kept.set('large', testBytes(80_000, 3))
  await store.remove('k/3')
  kept.set('k/3', undefined)
  await store.close()
  return kept
}

test('killed at any step of a compaction, nothing is lost and nothing comes back', async () => {
  const root = mkdtempSync(join(tmpdir(), 'posthaste-compact-'))
  try {
    const kept = await makeDead(join(root, 'seed'))
    let at = 1
    for (let reached = true; reached; at++) {
      const dataDir = join(root, `run${at}`)
      cpSync(join(root, 'seed'), dataDir, { recursive: true })
      const faulty = new FaultyDisk()
      const store = await open(dataDir, faulty)
      await store.ready()
      faulty.arm({ kind: 'crash', at })
      await store.settle().catch((error: unknown) => expect(String(error)).toContain('injected'))
      reached = faulty.struck > 0
      const copy = join(root, `copy${at}`)
      cpSync(dataDir, copy, { recursive: true })
      await store.close().catch((error: unknown) => expect(String(error)).toContain('injected'))
      for (const withIndex of [true, false]) {
        if (!withIndex) rmSync(join(copy, 'index.sqlite'))
        const after = await open(copy, new FaultyDisk())
        for (const [key, bytes] of kept) expect(await wholeBody(after, key)).toEqual(bytes as Buffer)
        await after.ready()
        expect(after.stats().objects).toBe(kept.size - 1)
        await after.settle()
        for (const [key, bytes] of kept) expect(await wholeBody(after, key)).toEqual(bytes as Buffer)
        await after.close()
      }
      rmSync(copy, { recursive: true })
    }
    expect(at).toBeGreaterThan(5)
  } finally {
    rmSync(root, { recursive: true })
  }
}, 60_000)

test('readers are not disturbed while packs are rewritten', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'posthaste-compact-'))
  try {
    const kept = await makeDead(dataDir)
    const store = await open(dataDir, new FaultyDisk())
    await store.ready()
    const packsBefore = readdirSync(join(dataDir, 'packs'))
    let done = false
    const settled = store.settle().then(() => {
      done = true
    })
    let rounds = 0
    while (!done) {
      for (const [key, bytes] of kept) expect(await wholeBody(store, key)).toEqual(bytes as Buffer)
      if (++rounds === 1) await store.put('k/0', testBytes(10, 999), testMeta)
      kept.set('k/0', testBytes(10, 999))
      await new Promise((resolve) => setImmediate(resolve))
    }
    await settled
    expect(readdirSync(join(dataDir, 'packs'))).not.toEqual(packsBefore)
    await store.close()
  } finally {
    rmSync(dataDir, { recursive: true })
  }
})

const pack = (id: number, sizeBytes: number, liveBytes: number, goneBytes = 0, closed = true): Pack => ({
  id,
  path: '',
  fd: 0,
  salt: 0,
  sizeBytes,
  liveBytes,
  goneBytes,
  closed,
})

test.each([
  ['the one with the largest dead share', [pack(1, 1016, 900), pack(2, 1016, 200), pack(3, 1016, 400)], 2],
  ['none below the share', [pack(1, 1016, 900), pack(2, 1016, 600)], undefined],
  ['marks count as alive', [pack(1, 1016, 1000), pack(2, 1016, 100, 120), pack(3, 9016, 9000)], 2],
  ['none that is marks only', [pack(1, 9016, 9000), pack(2, 516, 0, 500)], undefined],
  ['the oldest, when marks pile up', [pack(1, 1016, 1000), pack(2, 1016, 0, 1000)], 1],
  ['marks of the oldest are dead', [pack(1, 1016, 0, 1000), pack(2, 1016, 1000)], 1],
] as const)('what is compacted: %s', (_, packs, expected) => {
  expect(packToCompact(packs, 0.5)?.id).toBe(expected)
})

test('many small packs are merged, the smallest first', () => {
  const packs = Array.from({ length: 9 }, (_, n) => pack(n + 1, 500 - n, 400 - n))
  expect(packToMerge(packs, 10_000)?.id).toBe(9)
  expect(packToMerge(packs.slice(1), 10_000)).toBeUndefined()
})

test.each(['full', 'error'] as const)(
  'a disk that fails (%s) during a compaction costs nothing',
  async (kind) => {
    const root = mkdtempSync(join(tmpdir(), 'posthaste-compact-'))
    try {
      const kept = await makeDead(join(root, 'seed'))
      let at = 1
      for (let reached = true; reached; at++) {
        const dataDir = join(root, `run${at}`)
        cpSync(join(root, 'seed'), dataDir, { recursive: true })
        const faulty = new FaultyDisk()
        const store = await open(dataDir, faulty)
        await store.ready()
        faulty.arm({ kind, at })
        await store.settle().catch((error: unknown) => expect(String(error)).toContain('injected'))
        reached = faulty.struck > 0
        for (const [key, bytes] of kept) expect(await wholeBody(store, key)).toEqual(bytes as Buffer)
        faulty.arm(undefined)
        await store.settle()
        for (const [key, bytes] of kept) expect(await wholeBody(store, key)).toEqual(bytes as Buffer)
        expect(store.stats().bytes).toBeLessThan(1 << 20)
        await store.close()
        rmSync(dataDir, { recursive: true })
      }
      expect(at).toBeGreaterThan(3)
    } finally {
      rmSync(root, { recursive: true })
    }
  },
  60_000,
)
