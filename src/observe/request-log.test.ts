import { describe, expect, test } from 'bun:test'
import { stripVTControlCharacters } from 'node:util'
import fc from 'fast-check'
import { LineWriter } from './line-writer.ts'
import { mask } from './mask.ts'
import { createRequestLog, droppedLine, type RequestEntry, type RequestLogOptions } from './request-log.ts'
import { clockTime, columns } from './terminal-text.ts'

const entry: RequestEntry = {
  atMs: Date.UTC(2026, 10, 22, 10, 20, 30, 456),
  ecosystem: 'go',
  method: 'GET',
  path: '/go/golang.org/x/text/@v/v0.3.0.zip',
  status: 200,
  outcome: 'filled',
  bytes: 7_000_000,
  durationMs: 1234.5678,
  source: 'goproxy.cn',
  client: '127.0.0.1',
}

async function lines(
  entries: readonly RequestEntry[],
  options: Partial<RequestLogOptions> = {},
): Promise<string[]> {
  let text = ''
  const writer = new LineWriter({
    sink: async (batch) => {
      text += batch
    },
  })
  const log = createRequestLog({ format: 'text', writer, mask, ...options })
  for (const each of entries) log.log(each)
  await writer.flush()
  return text === '' ? [] : text.replace(/\n$/, '').split('\n')
}

describe('text', () => {
  test('is one aligned line with time, outcome, status, bytes, duration, source and path', async () => {
    const time = clockTime(entry.atMs)
    expect(
      await lines([
        entry,
        { ...entry, outcome: 'hit', bytes: 1600, durationMs: 0.42 },
        {
          ...entry,
          method: 'HEAD',
          status: 502,
          outcome: 'upstream-failed',
          bytes: 0,
          source: undefined,
          reason: 'no route',
        },
      ]),
    ).toEqual([
      `${time} filled          200  7.0 MB   1.2 s  goproxy.cn          /go/golang.org/x/text/@v/v0.3.0.zip`,
      `${time} hit             200  1.6 kB  0.4 ms  goproxy.cn          /go/golang.org/x/text/@v/v0.3.0.zip`,
      `${time} upstream-failed 502     0 B   1.2 s  -                   HEAD /go/golang.org/x/text/@v/v0.3.0.zip — no route`,
    ])
  })

  test('is coloured only when asked, and says the same then', async () => {
    const failed = { ...entry, outcome: 'denied', status: 403, reason: 'private' }
    const [plain] = await lines([failed])
    const [colored] = await lines([failed], { color: true })
    expect(plain).not.toContain('\x1b')
    expect(colored).toContain('\x1b[31mdenied')
    expect(stripVTControlCharacters(colored ?? '')).toBe(plain ?? 'missing')
  })

  test('fits the terminal: the reason gives way first, then the middle of the path', async () => {
    const failed = { ...entry, reason: 'the source did not answer in time and has been left alone' }
    const [line = ''] = await lines([failed], { width: () => 120 })
    expect(columns(line)).toBe(120)
    expect(line).toContain('/go/golang.org/x/text/@v/v0.3.0.zip — the source')
  })

  test.each([90, 80, 60, 40])(
    '%d columns: no line is broken, and the path ends with its file',
    async (width) => {
      const [narrow = ''] = await lines([entry], { width: () => width })
      expect(columns(narrow)).toBeLessThanOrEqual(width)
      expect(narrow).toMatch(/ (filled|hit) .* \S*v0\.3\.0\.zip$/)
      if (width >= 60) expect(narrow).toContain(' MB ')
    },
  )

  test('nothing a client or a source says can move the cursor or start a second line', async () => {
    const evil = '/go/x\x1b[2J\r\n00:00:00 hit'
    const got = await lines([{ ...entry, path: evil, reason: evil, source: evil, method: 'G\nT' }])
    expect(got).toHaveLength(1)
    expect(got[0]).not.toContain('\x1b')
    expect(got[0]).toContain('\\x1b[2J\\x0d\\x0a')
  })
})

describe('json', () => {
  test('is one object a line', async () => {
    const got = await lines([{ ...entry, reason: 'a\nb' }], { format: 'json', color: true })
    expect(got.map((line) => JSON.parse(line))).toEqual([
      {
        time: '2026-11-22T10:20:30.456Z',
        ecosystem: 'go',
        method: 'GET',
        path: entry.path,
        status: 200,
        outcome: 'filled',
        bytes: 7_000_000,
        durationMs: 1234.568,
        source: 'goproxy.cn',
        client: '127.0.0.1',
        reason: 'a\nb',
      },
    ])
  })

  test('property: any text gives one line that reads back', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async (reason) => {
        const got = await lines([{ ...entry, reason }], { format: 'json', mask: (text) => text })
        expect(got.map((line) => JSON.parse(line).reason)).toEqual([reason])
      }),
    )
  })
})

test.each(['text', 'json'] as const)('%s masks secrets in path and reason', async (format) => {
  const got = await lines(
    [{ ...entry, path: '/go/x?token=abc123', reason: 'https://u:hunter2@proxy.example said no' }],
    { format },
  )
  expect(got.join()).not.toMatch(/abc123|hunter2/)
  expect(got.join()).toContain('https://***@proxy.example')
})

test('off writes nothing and says so', async () => {
  expect(await lines([entry], { format: 'off' })).toEqual([])
  const writer = new LineWriter({ sink: async () => undefined })
  expect(createRequestLog({ format: 'off', writer, mask }).on).toBe(false)
})

test('a full queue costs no rendering, and the loss is told in the log format', async () => {
  const batches: string[] = []
  let open: () => void = () => undefined
  const writer = new LineWriter({
    sink: (batch) => {
      batches.push(batch)
      return new Promise((resolve) => {
        open = resolve
      })
    },
    soon: queueMicrotask,
    maxQueuedChars: 400,
    droppedLine: droppedLine('json', () => entry.atMs),
  })
  let rendered = 0
  const log = createRequestLog({
    format: 'json',
    writer,
    mask: (text) => {
      rendered++
      return text
    },
  })
  log.log(entry)
  await Promise.resolve().then(() => undefined)
  for (let i = 0; i < 1000; i++)
    log.log({ ...entry, path: '/'.padEnd(399 - JSON.stringify(entry).length, 'x') })
  for (let i = 0; writer.dropped === 0 && i < 5; i++) await Promise.resolve()
  open()
  for (let i = 0; batches.length < 2 && i < 20; i++) await Promise.resolve()
  open()
  await writer.flush()
  expect(writer.dropped).toBeGreaterThan(990)
  expect(rendered).toBeLessThan(1010)
  expect(JSON.parse(batches.at(-1)?.trim().split('\n').at(-1) ?? '')).toEqual({
    time: '2026-11-22T10:20:30.456Z',
    level: 'warn',
    message: 'log lines dropped',
    dropped: writer.dropped,
  })
})
