import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openLocalStore } from '../store/local/local-store.ts'
import type { ListFilter, Store } from '../store/store.ts'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { type CacheOperations, operationsOn } from './operations.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let store: Store
let removed: string[]
let operations: CacheOperations

beforeEach(async () => {
  folder = await temporaryFolder()
  store = await openLocalStore({ dataDir: folder.path, maxBytes: 1024 * 1024 * 1024 })
  removed = []
  operations = operationsOn(store, (key) => removed.push(key))
})
afterEach(async () => {
  await store.close()
  await folder[Symbol.asyncDispose]()
})

const meta = { mediaType: 'text/plain', source: 'origin.example', proof: 'proved', checkedAtMs: 1 } as const
const keep = (key: string, sizeBytes = 10) => store.put(key, new Uint8Array(sizeBytes).fill(key.length), meta)

async function keys(filter: ListFilter = {}): Promise<string[]> {
  const found: string[] = []
  for await (const { key } of operations.list(filter)) found.push(key)
  return found
}

describe('removing', () => {
  test('takes what matches, tells each key and how much it was', async () => {
    for (const key of ['go/a/1', 'go/a/2', 'go/b/1']) await keep(key)
    expect(await operations.remove('go/a/*')).toEqual({ objects: 2, bytes: 20 })
    expect(removed).toEqual(['go/a/1', 'go/a/2'])
    expect(await keys()).toEqual(['go/b/1'])
  })

  test('nothing that matches is nothing removed', async () => {
    await keep('go/a')
    expect(await operations.remove('go/b*')).toEqual({ objects: 0, bytes: 0 })
    expect(removed).toEqual([])
  })

  test('takes all of more than one page while it walks through them', async () => {
    await Promise.all(Array.from({ length: 2_500 }, (_, at) => keep(`go/${at}`, 1)))
    expect(await operations.remove('go/*')).toEqual({ objects: 2_500, bytes: 2_500 })
    expect(await keys()).toEqual([])
  }, 30_000)

  test('two at a time count each object once', async () => {
    for (let at = 0; at < 50; at++) await keep(`go/${at}`)
    const both = await Promise.all([operations.remove('*'), operations.remove('*')])
    expect(both[0].objects + both[1].objects).toBe(50)
  })
})

describe('verifying', () => {
  test('finds nothing where all is sound', async () => {
    await keep('go/a')
    expect(await operations.verify()).toMatchObject({ objects: 1, findings: [] })
    expect(removed).toEqual([])
  })

  test('tells which key is damaged, so that nothing of it is sent from memory', async () => {
    const large = await (async () => {
      const stage = await store.stage()
      await stage.write(new Uint8Array(200 * 1024).fill(1))
      return stage.commit('go/large', meta)
    })()
    if (large.body.kind !== 'file') throw new Error('it should be a file')
    await writeFile(large.body.path, new Uint8Array(200 * 1024).fill(2))
    const { findings } = await operations.verify()
    expect(findings).toMatchObject([{ key: 'go/large', action: 'quarantined' }])
    expect(removed).toEqual(['go/large'])
    expect(await readdir(join(folder.path, 'quarantine'))).not.toEqual([])
  })

  test('ends when it is told to', async () => {
    for (const key of ['go/a', 'go/b', 'go/c']) await keep(key)
    const { objects } = await operations.verify(AbortSignal.abort(new Error('enough')))
    expect(objects).toBeLessThan(3)
  })
})

test('collecting evicts down to a size, and to nothing more', async () => {
  for (let at = 0; at < 10; at++) await keep(`go/${at}`, 1_000)
  const evicted = await operations.collect(0)
  expect(evicted.objects).toBe(10)
  expect(await keys()).toEqual([])
  expect(await operations.collect()).toEqual({ objects: 0, bytes: 0 })
})

test('listing takes the filter', async () => {
  for (const key of ['go/a', 'go/b', 'go/c']) await keep(key)
  expect(await keys({ after: 'go/a', limit: 1 })).toEqual(['go/b'])
})

test('counting tells what is there', async () => {
  await keep('go/a')
  expect(await operations.stats()).toMatchObject({ objects: 1, unproved: 0 })
})
