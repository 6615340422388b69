import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { StoredObject } from '../store/store.ts'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { type Answer, ageAt, renderAnswer, send, sentBytes } from './answer.ts'

const text = '0123456789abcdefghij'
const bytes = new TextEncoder().encode(text)

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let file: StoredObject['body']
let answer: Answer
let server: ReturnType<typeof Bun.serve>
const sent: number[] = []

beforeAll(async () => {
  folder = await temporaryFolder()
  const path = join(folder.path, 'body')
  await writeFile(path, text)
  file = { kind: 'file', path }
  server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch(request) {
      const response = send(request, answer)
      sent.push(sentBytes(request, response, answer))
      return response
    },
  })
})
afterAll(async () => {
  await server.stop(true)
  await folder[Symbol.asyncDispose]()
})

function render(
  body: StoredObject['body'],
  change: { key?: string; name?: string; checkedAtMs?: number } = {},
) {
  return renderAnswer({
    ecosystem: 'go',
    name: change.name ?? 'example.org/m',
    object: {
      key: change.key ?? 'go/example.org/m/@v/v1.0.0.zip',
      sha256: 'ab'.repeat(32),
      sizeBytes: bytes.byteLength,
      meta: {
        mediaType: 'application/zip',
        source: 'origin.example',
        proof: 'proved',
        checkedAtMs: change.checkedAtMs ?? 5_000,
      },
      body,
    },
    freshMs: 60_000,
    cacheControl: 'public, max-age=60',
    cacheStatus: 'Posthaste; hit',
    nowMs: 9_000,
  })
}

function answerFrom(kind: 'bytes' | 'file' | 'shared'): Answer {
  if (kind === 'bytes') return render({ kind, bytes })
  const answer = render(file)
  return kind === 'file' ? answer : { ...answer, body: { kind, blob: new Blob([bytes]) } }
}

const ask = (headers: Record<string, string>, method = 'GET') => fetch(server.url, { method, headers })
const own = `"${'ab'.repeat(16)}"`

describe.each(['bytes', 'file', 'shared'] as const)('of %s', (kind) => {
  const table: readonly [string, Record<string, string>, number, string, Record<string, string | null>][] = [
    [
      'plain',
      {},
      200,
      text,
      { 'content-length': '20', etag: own, 'accept-ranges': 'bytes', 'content-range': null },
    ],
    ['own tag', { 'if-none-match': own }, 304, '', { etag: own, age: '4', 'content-type': null }],
    ['own tag, weak, among others', { 'if-none-match': `"x", W/${own}` }, 304, '', { etag: own }],
    ['foreign tag', { 'if-none-match': '"x"' }, 200, text, { 'content-length': '20' }],
    ['own tag demanded', { 'if-match': own }, 200, text, {}],
    [
      'foreign tag demanded',
      { 'if-match': '"x"' },
      412,
      'precondition failed: If-Match names other bytes\n',
      { etag: null, 'cache-control': 'no-store' },
    ],
    [
      'first byte',
      { range: 'bytes=0-0' },
      206,
      '0',
      { 'content-range': 'bytes 0-0/20', 'content-length': '1', etag: own },
    ],
    [
      'middle',
      { range: 'bytes=5-9' },
      206,
      '56789',
      { 'content-range': 'bytes 5-9/20', 'content-length': '5' },
    ],
    ['open end', { range: 'bytes=15-' }, 206, 'fghij', { 'content-range': 'bytes 15-19/20' }],
    ['end past the body', { range: 'bytes=15-99' }, 206, 'fghij', { 'content-range': 'bytes 15-19/20' }],
    ['all of it as a range', { range: 'bytes=0-' }, 206, text, { 'content-range': 'bytes 0-19/20' }],
    ['last bytes', { range: 'bytes=-3' }, 206, 'hij', { 'content-range': 'bytes 17-19/20' }],
    [
      'one past the end',
      { range: 'bytes=20-' },
      416,
      'the range lies outside the 20 bytes of this body\n',
      { 'content-range': 'bytes */20', 'cache-control': 'no-store' },
    ],
    ['range, If-Range own', { range: 'bytes=5-9', 'if-range': own }, 206, '56789', {}],
    [
      'range, If-Range foreign',
      { range: 'bytes=5-9', 'if-range': '"x"' },
      200,
      text,
      { 'content-range': null, 'content-length': '20' },
    ],
    [
      'range, If-Range weak',
      { range: 'bytes=5-9', 'if-range': `W/${own}` },
      200,
      text,
      { 'content-range': null },
    ],
    [
      'range, If-Range date',
      { range: 'bytes=5-9', 'if-range': 'Sat, 01 Jan 2028 00:00:00 GMT' },
      200,
      text,
      { 'content-range': null },
    ],
    ['several ranges', { range: 'bytes=0-1,3-4' }, 200, text, { 'content-range': null }],
    ['no range that we know', { range: 'lines=1-2' }, 200, text, { 'content-range': null }],
    [
      'own tag before a range',
      { range: 'bytes=5-9', 'if-none-match': own },
      304,
      '',
      { 'content-range': null },
    ],
  ]
  test.each(table)('%s', async (_name, headers, status, body, expected) => {
    answer = answerFrom(kind)
    sent.length = 0
    const response = await ask(headers)
    expect([response.status, await response.text()]).toEqual([status, body])
    const names = Object.keys(expected)
    expect(Object.fromEntries(names.map((name) => [name, response.headers.get(name)]))).toEqual(expected)
    expect(sent).toEqual([status === 200 || status === 206 ? body.length : 0])
  })

  test('HEAD has the length and nothing else', async () => {
    answer = answerFrom(kind)
    sent.length = 0
    const response = await ask({ range: 'bytes=0-1' }, 'HEAD')
    expect([response.status, response.headers.get('content-length'), await response.text()]).toEqual([
      200,
      '20',
      '',
    ])
    expect(sent).toEqual([0])
  })
})

describe('the name under which a browser saves a file', () => {
  test.each([
    ['example.org/m', 'go/example.org/m/@v/v1.0.0.zip', 'm@v1.0.0.zip'],
    ['github.com/Azure/x', 'go/github.com/!azure/x/@v/v1.0.0.zip', 'x@v1.0.0.zip'],
    ['example.org/"; filename="evil.exe', 'go/x/@v/v1.zip', 'filename_evil.exe@v1.zip'],
    ['example.org/a\r\nset-cookie: b', 'go/x/@v/v1.zip', 'a_set-cookie_b@v1.zip'],
    ['example.org/..', 'go/x/@v/v1.zip', '@v1.zip'],
    ['@scope/left', 'npm/@scope/left/-/left-1.0.0.tgz', 'left-1.0.0.tgz'],
    ['torch', 'pypi/files/torch/0a/torch-2.5.0%2Bcpu-py3-none-any.whl', 'torch-2.5.0+cpu-py3-none-any.whl'],
    ['x', 'pypi/files/x/0a/100%-1.0.zip', '100_-1.0.zip'],
  ])('%j', (name, key, expected) => {
    expect(render(file, { name, key }).headers['content-disposition']).toBe(`inline; filename="${expected}"`)
  })

  test('is not said of what is small', () => {
    expect(render({ kind: 'bytes', bytes }).headers['content-disposition']).toBeUndefined()
  })
})

test.each([
  [0, 0, '0'],
  [0, 999, '0'],
  [0, 61_000, '61'],
  [5_000, 1_000, '0'],
])('checked at %d ms, it is at %d ms of age %s s', (checkedAtMs, nowMs, age) => {
  expect(ageAt(checkedAtMs, nowMs)).toBe(age)
})
