import { describe, expect, test } from 'bun:test'
import type { WatchedRequest } from '../observe/request-watch.ts'
import type { Reading } from './client-run.ts'
import { judgeRun, type Log, type RunEvidence } from './judge-run.ts'

const marker = 'posthaste-verify-0123456789abcdef'
const ours = 'http://127.0.0.1:7678/go/m.example/x/@v/v1.0.0.zip'
const theirs = 'http://mirror.example/m.example/x/@v/v1.0.0.zip'

function asked(path: string, atMs: number, status = 200): WatchedRequest {
  return { atMs, ecosystem: 'go', method: 'GET', path, status, outcome: 'hit', bytes: 1, userAgent: 'Go' }
}
const mark = asked(`/go/github.com/${marker}/@v/v0.0.0.info`, 5, 404)
const zip = '/go/m.example/x/@v/v1.0.0.zip'
const read = (...requests: WatchedRequest[]): Log => ({ kind: 'read', requests })

function judged(reading: Partial<Reading>, more: Partial<RunEvidence> = {}) {
  return judgeRun({
    run: { marks: 'name', fetches: 'file' },
    reading: {
      ...{
        ok: true,
        said: '',
        asked: [ours],
        asking: 'requests',
        artifact: undefined,
        expected: [],
        notes: [],
      },
      ...reading,
    },
    timedOut: false,
    timeoutMs: 60_000,
    pinned: { ecosystem: 'go', name: 'm.example/x', version: 'v1.0.0' },
    marker,
    log: read(mark, asked(zip, 6)),
    bytes: { state: 'good', text: 'h1:x' },
    isOurs: (url) => url.startsWith('http://127.0.0.1:7678/'),
    base: 'http://127.0.0.1:7678',
    isSet: true,
    ...more,
  })
}

const unread: Log = { kind: 'unread', reason: 'the token is missing' }
const down: Log = { kind: 'down', reason: 'connection refused' }

describe('a client that has the package', () => {
  test.each<[string, Partial<Reading>, Partial<RunEvidence>, string]>([
    ['and all three agree', {}, {}, 'in-effect'],
    ['and the log cannot be read', {}, { log: unread }, 'in-effect'],
    ['tells only its setting, and the log cannot be read', { asking: 'setting' }, { log: unread }, 'unknown'],
    ['tells only its setting, and the log shows it', { asking: 'setting' }, {}, 'in-effect'],
    ['tells nothing, and the log cannot be read', { asked: [] }, { log: unread }, 'unknown'],
    ['says it went elsewhere', { asked: [theirs] }, { log: read(mark) }, 'bypassed'],
    ['says it came here, and nothing arrived', {}, { log: read() }, 'bypassed'],
    ['asked before the marker: another run', {}, { log: read(asked(zip, 4), mark) }, 'bypassed'],
    ['without the marker: another run', {}, { log: read(asked(zip, 6)) }, 'bypassed'],
    [
      'asked here for all but the file',
      {},
      { log: read(mark, asked('/go/m.example/x/@v/v1.0.0.info', 6)) },
      'bypassed',
    ],
    ['while nothing answers here', { asked: [ours, theirs] }, { log: down }, 'bypassed'],
    ['whose bytes are wrong', {}, { bytes: { state: 'bad', text: 'wrong bytes' } }, 'broken'],
    ['whose bytes nobody knows', {}, { bytes: { state: 'unknown', text: 'nobody' } }, 'in-effect'],
  ])('%s', (_, reading, more, verdict) => {
    expect(judged(reading, more).verdict).toBe(verdict as never)
  })
})

describe('a client that fails', () => {
  const fails = { ok: false, said: 'it broke' } as const
  test.each<[string, Partial<Reading>, Partial<RunEvidence>, string, string]>([
    ['while nothing answers here', {}, { log: down }, 'broken', 'does not answer'],
    ['where it went elsewhere', { asked: [theirs] }, { log: read(mark) }, 'bypassed', 'mirror.example'],
    ['after we refused', {}, { log: read(mark, asked(zip, 6, 502)) }, 'broken', '502'],
    ['though its requests arrived', {}, {}, 'broken', 'it broke'],
    [
      'with settings that lead elsewhere',
      { asked: [] },
      { log: read(), isSet: false },
      'bypassed',
      'settings',
    ],
    ['by hanging', { asked: [] }, { log: read(), timedOut: true }, 'unknown', 'within 60 s'],
    ['for reasons of its own', { asked: [] }, { log: read() }, 'broken', 'it broke'],
  ])('%s', (_, reading, more, verdict, words) => {
    const found = judged({ ...fails, ...reading }, more)
    expect([found.verdict, found.summary.includes(words)]).toEqual([verdict as never, true])
  })
})

test('a marker in the User-Agent marks each request by itself', () => {
  const run = { marks: 'user-agent', fetches: 'file' } as const
  const other = asked(zip, 6)
  expect(judged({}, { run, log: read(other) }).log.state).toBe('bad')
  expect(judged({}, { run, log: read({ ...other, userAgent: `npm/11 ${marker}` }) }).log.state).toBe('good')
})
