import { describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { type Answer, etagOf } from './answer.ts'
import { HotAnswers } from './hot-answers.ts'

const KiB = 1024

function answerOf(key: string, change: Partial<Answer> = {}): Answer {
  return {
    key,
    ecosystem: 'go',
    source: 'origin.example',
    headers: { etag: '"1"', age: '0' },
    etag: '"1"',
    sizeBytes: 4,
    body: { kind: 'bytes', bytes: new Uint8Array(4) },
    checkedAtMs: 1_000_000,
    freshUntilMs: Number.POSITIVE_INFINITY,
    ...change,
  }
}

function sized(key: string, sizeBytes: number): Answer {
  return answerOf(key, { sizeBytes, body: { kind: 'bytes', bytes: new Uint8Array(sizeBytes) } })
}

function hotAnswers(maxBytes = 1024 * KiB) {
  const touched: string[] = []
  return { hot: new HotAnswers({ maxBytes, touch: (key) => touched.push(key) }), touched }
}

const NOW = 1_000_000

describe('what is given back', () => {
  test('is what was set, with the age of now', () => {
    const { hot } = hotAnswers()
    hot.set('/go/a', answerOf('go/a'))
    expect(hot.get('/go/a', NOW + 12_000)?.headers.get('age')).toBe('12')
    expect(hot.get('/go/a', NOW + 13_999)?.headers.get('age')).toBe('13')
    expect(hot.get('/go/b', NOW)).toBeUndefined()
  })

  test('is what was set, also when the bytes and the headers were only lent', () => {
    const { hot } = hotAnswers()
    const bytes = Buffer.from('said')
    const headers = new Headers({ etag: '"1"', age: '0' })
    hot.set('/go/a', { ...answerOf('go/a'), headers, body: { kind: 'bytes', bytes } })
    bytes.fill(0)
    headers.set('etag', '"2"')
    const { body, headers: kept } = hot.get('/go/a', NOW) ?? {}
    expect(kept?.get('etag')).toBe('"1"')
    expect(body?.kind === 'bytes' && Buffer.from(body.bytes).toString()).toBe('said')
  })

  test('has the headers of a 304 for who has the body, with the age of now', () => {
    const { hot } = hotAnswers()
    hot.set('/go/a', answerOf('go/a', { headers: { etag: '"1"', age: '0', 'content-type': 'text/plain' } }))
    expect(hot.get('/go/a', NOW + 12_000)?.unchangedHeaders).toBeUndefined()
    for (const seconds of [12, 13, 14]) {
      const found = hot.get('/go/a', NOW + seconds * 1000, '"1"')
      expect([...(found?.unchangedHeaders ?? [])]).toEqual([
        ['age', `${seconds}`],
        ['etag', '"1"'],
      ])
      expect(found?.headers.get('content-type')).toBe('text/plain')
    }
  })

  test('tells the eviction of its use once a second', () => {
    const { hot, touched } = hotAnswers()
    hot.set('/go/a', answerOf('go/a'))
    for (const passedMs of [0, 1, 999, 1_000, 1_001]) hot.get('/go/a', NOW + passedMs)
    expect(touched).toEqual(['go/a', 'go/a'])
  })

  test('is fresh up to its time and gone from then on', () => {
    const { hot } = hotAnswers()
    hot.set('/go/a', answerOf('go/a', { freshUntilMs: NOW + 60_000 }))
    expect(hot.get('/go/a', NOW + 59_999)).toBeDefined()
    expect(hot.get('/go/a', NOW + 60_000)).toBeUndefined()
    expect(hot.get('/go/a', NOW)).toBeUndefined()
  })

  test('of two answers for a path is the newer one', () => {
    const { hot } = hotAnswers()
    hot.set('/go/a', answerOf('go/a', { etag: '"old"' }))
    hot.set('/go/a', answerOf('go/a', { etag: '"new"' }))
    expect(hot.get('/go/a', NOW)?.etag).toBe('"new"')
  })
})

describe('a file', () => {
  async function withFile(change: (path: string) => Promise<void>, tag?: string) {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'body')
    await writeFile(path, 'four')
    const { hot } = hotAnswers()
    hot.set('/go/a', answerOf('go/a', { body: { kind: 'file', path } }))
    expect(hot.get('/go/a', NOW)).toBeDefined()
    await change(path)
    return hot.get('/go/a', NOW, tag)
  }

  test('that was evicted is not promised', async () => {
    expect(await withFile((path) => rm(path))).toBeUndefined()
  })
  test('that was torn is not promised', async () => {
    expect(await withFile((path) => truncate(path, 3))).toBeUndefined()
  })
  test('that grew is not promised', async () => {
    expect(await withFile((path) => writeFile(path, 'fiver'))).toBeUndefined()
  })
  test('is not looked at for who has its body already', async () => {
    expect(await withFile((path) => rm(path), '"1"')).toBeDefined()
    expect(await withFile((path) => rm(path), '"2"')).toBeUndefined()
  })
})

describe('forgetting', () => {
  test.each(['/go/!azure/!sdk/@v/list', '/go/%21azure/%21sdk/@v/list'])('%s is void', (path) => {
    const { hot } = hotAnswers()
    hot.set(path, answerOf('go/!azure/!sdk/@v/list'))
    hot.forget('go/!azure/!sdk/@v/list')
    expect(hot.get(path, NOW)).toBeUndefined()
  })

  test('leaves the others', () => {
    const { hot } = hotAnswers()
    hot.set('/go/a', answerOf('go/a'))
    hot.set('/go/ab', answerOf('go/ab'))
    hot.forget('go/a')
    expect(hot.get('/go/ab', NOW)).toBeDefined()
  })

  test('reaches the old generation too', () => {
    const { hot } = hotAnswers(20 * KiB)
    hot.set('/go/a', sized('go/a', 5 * KiB))
    hot.set('/go/b', sized('go/b', 5 * KiB))
    hot.forget('go/a')
    expect([hot.get('/go/a', NOW), hot.get('/go/b', NOW)?.key]).toEqual([undefined, 'go/b'])
  })

  test('everything at once', () => {
    const { hot } = hotAnswers(20 * KiB)
    for (const key of ['go/a', 'go/b', 'go/c']) hot.set(`/${key}`, sized(key, 4 * KiB))
    hot.clear()
    for (const key of ['go/a', 'go/b', 'go/c']) expect(hot.get(`/${key}`, NOW)).toBeUndefined()
  })
})

describe('the bound', () => {
  const held = (hot: HotAnswers, keys: readonly string[]) =>
    keys.filter((key) => hot.get(`/${key}`, NOW) !== undefined)

  test('holds for what is rendered, whatever comes', () => {
    const { hot } = hotAnswers(100 * KiB)
    const keys = Array.from({ length: 1_000 }, (_, at) => `go/${at}`)
    for (const key of keys) hot.set(`/${key}`, sized(key, 9 * KiB))
    // Each costs ten: two generations of five, and the one that fills the young one up.
    expect(held(hot, keys).length).toBeLessThanOrEqual(11)
  })

  test('what is in use survives a scan', () => {
    const { hot } = hotAnswers(100 * KiB)
    hot.set('/go/used', sized('go/used', 4 * KiB))
    for (let at = 0; at < 500; at++) {
      hot.set(`/go/scan/${at}`, sized(`go/scan/${at}`, 4 * KiB))
      if (at % 3 === 0) expect(hot.get('/go/used', NOW)).toBeDefined()
    }
  })

  test('setting one path again and again costs its place once', () => {
    const { hot } = hotAnswers(100 * KiB)
    hot.set('/go/other', sized('go/other', 4 * KiB))
    for (let time = 0; time < 200; time++) hot.set('/go/a', sized('go/a', 4 * KiB))
    expect(held(hot, ['go/other', 'go/a'])).toEqual(['go/other', 'go/a'])
  })
})

describe('admission', () => {
  test('while there is room the first time is good enough', () => {
    expect(hotAnswers().hot.admits('/go/a')).toBe(true)
  })

  test('when there is none, the second time is', () => {
    const { hot } = hotAnswers(40 * KiB)
    hot.set('/go/big', sized('go/big', 12 * KiB))
    expect(hot.admits('/go/a')).toBe(false)
    expect(hot.admits('/go/a')).toBe(true)
  })

  test('what was asked for once is hardly ever taken for what was asked for before', () => {
    const { hot } = hotAnswers(40 * KiB)
    hot.set('/go/big', sized('go/big', 12 * KiB))
    let admitted = 0
    for (let at = 0; at < 20_000; at++) if (hot.admits(`/go/each/${at}`)) admitted++
    expect(admitted).toBeLessThan(200)
  })

  test('"lately" is short: what was asked for once long ago counts as new', () => {
    const { hot } = hotAnswers(40 * KiB)
    hot.set('/go/big', sized('go/big', 12 * KiB))
    hot.admits('/go/a')
    for (let at = 0; at < 5_000; at++) hot.admits(`/go/else/${at}`)
    expect(hot.admits('/go/a')).toBe(false)
  })
})

describe('a file of middling size', () => {
  const small = new TextEncoder().encode('a zip, as it were')
  const large = new Uint8Array(5_000_000).fill(7)

  /** The kind of the body after `times` requests, with everything read that is to be read. */
  async function bodyAfter(
    times: number,
    bytes: Uint8Array,
    options: { readonly written?: Uint8Array; readonly maxBytes?: number } = {},
  ) {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'blob')
    await writeFile(path, options.written ?? bytes)
    const { hot } = hotAnswers(options.maxBytes)
    const body = { kind: 'file', path } as const
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    hot.set('/go/a', answerOf('go/a', { body, sizeBytes: bytes.length, etag: etagOf({ sha256 }) }))
    for (let time = 0; time < times; time++) {
      expect(hot.get('/go/a', NOW)?.body).toEqual(body)
      await hot.settled()
    }
    return hot.get('/go/a', NOW)?.body
  }

  test('comes into memory when it is asked for again', async () => {
    expect((await bodyAfter(1, small))?.kind).toBe('file')
    const body = await bodyAfter(2, small)
    expect(body?.kind === 'shared' && (await body.blob.text())).toBe('a zip, as it were')
  })

  test('stays a file when its bytes are not what they were', async () => {
    expect((await bodyAfter(2, small, { written: small.map((byte) => byte ^ 1) }))?.kind).toBe('file')
  })

  test('has to be asked for more often the larger it is', async () => {
    const maxBytes = 64 * 1024 * KiB
    expect((await bodyAfter(10, large, { maxBytes }))?.kind).toBe('file')
    const body = await bodyAfter(11, large, { maxBytes })
    expect(body?.kind === 'shared' && Buffer.from(await body.blob.arrayBuffer()).equals(large)).toBe(true)
  })

  test('stays a file when it would take more than an eighth of the bound', async () => {
    expect((await bodyAfter(20, large, { maxBytes: 8 * large.length - 1 }))?.kind).toBe('file')
    expect((await bodyAfter(11, large, { maxBytes: 8 * large.length }))?.kind).toBe('shared')
  })

  test('is read while no other one is', async () => {
    await using folder = await temporaryFolder()
    const { hot } = hotAnswers()
    const sha256 = createHash('sha256').update(small).digest('hex')
    for (const name of ['a', 'b']) {
      const path = join(folder.path, name)
      await writeFile(path, small)
      const body = { kind: 'file', path } as const
      hot.set(`/go/${name}`, answerOf(name, { body, sizeBytes: small.length, etag: etagOf({ sha256 }) }))
    }
    const ask = (name: string) => hot.get(`/go/${name}`, NOW)?.body.kind
    for (const name of ['a', 'b', 'a', 'b']) expect(ask(name)).toBe('file')
    await hot.settled()
    expect([ask('a'), ask('b')]).toEqual(['shared', 'file'])
    await hot.settled()
    expect(ask('b')).toBe('shared')
  })
})
