import { describe, expect, test } from 'bun:test'
import { mask } from './mask.ts'
import { RecentRefusals, type RefusedRequest } from './recent-refusals.ts'

const refusal: RefusedRequest = {
  atMs: 1000,
  method: 'GET',
  path: '/go/m.example/@v/v1.0.0.info',
  status: 502,
  reason: 'a.example is down',
}

describe('RecentRefusals', () => {
  test('keeps the newest, newest first', () => {
    const refusals = new RecentRefusals({ mask, limit: 3 })
    for (const atMs of [1, 2, 3, 4, 5]) refusals.note({ ...refusal, atMs, path: `/go/${atMs}` })
    expect(refusals.list().map(({ what }) => what)).toEqual(['GET /go/5', 'GET /go/4', 'GET /go/3'])
  })

  test('one refusal that comes again and again pushes no other out', () => {
    const refusals = new RecentRefusals({ mask, limit: 2 })
    refusals.note({ ...refusal, path: '/go/other' })
    for (const atMs of [1, 2, 3]) refusals.note({ ...refusal, atMs })
    expect(refusals.list()).toEqual([
      { atMs: 3, what: 'GET /go/m.example/@v/v1.0.0.info', status: 502, reason: refusal.reason, times: 3 },
      { atMs: 1000, what: 'GET /go/other', status: 502, reason: refusal.reason, times: 1 },
    ])
  })

  test('the same path refused for another reason is another refusal', () => {
    const refusals = new RecentRefusals({ mask })
    refusals.note(refusal)
    refusals.note({ ...refusal, status: 404, reason: 'no source has it' })
    expect(refusals.list().map(({ status }) => status)).toEqual([404, 502])
  })

  test('secrets are masked, in the path too', () => {
    const refusals = new RecentRefusals({ mask })
    refusals.note({
      ...refusal,
      path: '/go/x?token=hunter2secret',
      reason: 'https://me:hunter2secret@a.example is down',
    })
    expect(JSON.stringify(refusals.list())).not.toContain('hunter2secret')
    expect(refusals.list()[0]?.what).toContain('/go/x?token=***')
  })

  test('what a client chose to be long is cut', () => {
    const refusals = new RecentRefusals({ mask })
    refusals.note({ ...refusal, path: `/go/${'x'.repeat(10_000)}`, reason: 'y'.repeat(10_000) })
    expect(JSON.stringify(refusals.list()).length).toBeLessThan(1200)
  })
})
