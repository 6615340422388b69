import { describe, expect, test } from 'bun:test'
import type { RelayedRequest } from '../http/replies.ts'
import { RecentRefusals } from '../observe/recent-refusals.ts'
import type { RequestEntry } from '../observe/request-log.ts'
import { requestReports } from './request-reports.ts'

function setUp(logs: boolean) {
  const refusals = new RecentRefusals({ mask: (text) => text })
  const timed: [string, string, number][] = []
  const logged: RequestEntry[] = []
  let counted = 0
  const report = requestReports({
    metrics: {
      requestCounter: () => () => counted++,
      requestTook: (...took) => timed.push(took),
    },
    requestLog: { on: logs, log: (entry) => logged.push(entry) },
    refusals,
    watch: { on: false, note: () => undefined },
    now: () => 5250,
  })
  return { refusals, timed, logged, report, counted: () => counted }
}

function relayed(path: string, outcome: RelayedRequest['outcome'], reason?: string): RelayedRequest {
  return {
    ecosystem: 'go',
    outcome,
    status: reason === undefined ? 200 : 502,
    bytes: 10,
    source: undefined,
    reason,
    request: new Request(`http://127.0.0.1:7678${path}`),
    startedAtMs: 5000,
  }
}

describe('the last refusals', () => {
  const cases: readonly [path: string, outcome: RelayedRequest['outcome'], kept: boolean][] = [
    ['/go/m.example/@v/v1.0.0.info', 'not-found', true],
    ['/go/m.example/@v/v1.0.0.info', 'denied', true],
    ['/go/m.example/@v/v1.0.0.zip', 'upstream-failed', true],
    ['/go/m.example/@v/list', 'not-found', false],
    ['/go/m.example/@latest', 'not-found', false],
    ['/go/m.example/@v/list?x', 'not-found', false],
    ['/go/m.example/@v/list', 'upstream-failed', true],
    ['/go/m.example/@latest', 'denied', true],
    ['/go/m.example/@v/list', 'stale', false],
    ['/go/m.example/@v/v1.0.0.mod', 'hit', false],
  ]
  test.each(cases)('%s, %s: %p', (path, outcome, kept) => {
    const { refusals, report } = setUp(false)
    report(relayed(path, outcome, 'because'))
    expect(refusals.list()).toEqual(
      kept ? [{ atMs: 5000, what: `GET ${path}`, status: 502, reason: 'because', times: 1 }] : [],
    )
  })
})

test('what is no hit is timed, whether or not a log is on', () => {
  for (const logs of [false, true]) {
    const { timed, logged, report, counted } = setUp(logs)
    const outcomes = ['hit', 'filled', 'joined', 'not-found'] as const
    for (const outcome of outcomes) report(relayed('/go/m.example/@v/v1.0.0.mod', outcome))
    expect(timed).toEqual([
      ['go', 'filled', 250],
      ['go', 'joined', 250],
      ['go', 'not-found', 250],
    ])
    expect(logged.map(({ outcome }) => outcome)).toEqual(logs ? [...outcomes] : [])
    expect(counted()).toBe(4)
  }
})
