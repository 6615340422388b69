import { describe, expect, test } from 'bun:test'
import type { Vain } from './heat.ts'
import { joinFailures } from './join-failures.ts'
import type { UpstreamFailure } from './upstream.ts'

const failure: UpstreamFailure = { code: 'connect', message: 'refused the connection', hint: 'start it' }

function failedAt(id: string, change: Partial<UpstreamFailure> = {}): Vain {
  const source = { kind: 'source', id, url: `https://${id}`, next: '|', foundIn: '', origin: false } as const
  return { kind: 'failed', source, failure: { ...failure, ...change } }
}

describe('joinFailures', () => {
  test('leaves a lone failure as it is', () => {
    expect(joinFailures(failure, [failedAt('a.example')])).toBe(failure)
  })

  test('names the sources that their clauses do not name', () => {
    const all = [failedAt('a.example'), failedAt('b.example', { message: 'b.example sent nothing.' })]
    expect(joinFailures(failure, all)).toEqual({
      ...failure,
      message: 'a.example: refused the connection; b.example sent nothing',
    })
  })

  test('takes the soonest time to come back', () => {
    const all = [failedAt('a.example', { retryAfterMs: 9000 }), failedAt('b.example', { retryAfterMs: 2000 })]
    expect(joinFailures(failure, all).retryAfterMs).toBe(2000)
  })

  test('is bounded in clauses and in their length', () => {
    const all = Array.from({ length: 30 }, (_, n) => failedAt(`${n}.example`, { message: 'x'.repeat(5000) }))
    const { message } = joinFailures(failure, all)
    expect(message.length).toBeLessThan(650)
    expect(message).toEndWith('; and 26 more failed')
  })
})
