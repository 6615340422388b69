import { describe, expect, test } from 'bun:test'
import type { StoredObject } from '../store/store.ts'
import { type AnswerParts, renderAnswer, send } from './answer.ts'
import { PassingAnswers } from './passing-answers.ts'

function object(letter: string, meta: Partial<StoredObject['meta']> = {}): StoredObject {
  const bytes = Buffer.from(`body of ${letter}\n`)
  return {
    key: `go/m.example/${letter}`,
    sha256: letter.repeat(64),
    sizeBytes: bytes.length,
    meta: { mediaType: 'text/plain', source: 'lab', proof: 'proved', checkedAtMs: 1_000, ...meta },
    body: { kind: 'bytes', bytes },
  }
}

function parts(stored: StoredObject, other: Partial<AnswerParts> = {}): AnswerParts {
  return {
    ecosystem: 'go',
    name: 'm.example',
    object: stored,
    nowMs: 5_000,
    freshMs: Number.POSITIVE_INFINITY,
    cacheControl: 'public, immutable',
    cacheStatus: 'Posthaste; hit',
    ...other,
  }
}

const get = new Request('http://127.0.0.1/')

describe('an answer that passes', () => {
  const inTurn: readonly AnswerParts[] = [
    parts(object('a')),
    parts(object('b')),
    parts(object('b', { mediaType: 'application/json' })),
    parts(object('a', { checkedAtMs: 3_000 })),
    parts(object('a', { checkedAtMs: 3_000 }), { nowMs: 9_000 }),
    parts(object('c'), { cacheControl: 'no-store' }),
    parts(object('c'), { cacheStatus: 'Posthaste; hit; ttl=4', freshMs: 7 }),
    parts(object('a')),
  ]

  test('says what an answer that is kept says, whatever was rendered before', () => {
    const passing = new PassingAnswers()
    for (const each of inTurn) {
      const kept = renderAnswer(each)
      const passed = passing.render(each)
      expect({ ...passed, headers: Object.fromEntries(new Headers(passed.headers)) }).toEqual({ ...kept })
    }
  })

  test('leaves the responses before it as they were sent', async () => {
    const passing = new PassingAnswers()
    const responses = inTurn.map((each) => send(get, passing.render(each)))
    for (const [at, each] of inTurn.entries()) {
      const response = responses[at]
      expect(Object.fromEntries(response?.headers ?? [])).toEqual(renderAnswer(each).headers)
      const { body } = each.object
      expect(await response?.text()).toBe(body.kind === 'bytes' ? Buffer.from(body.bytes).toString() : '')
    }
  })

  test.each([1, 1_600, 65_536])('has a body of %d bytes of its own once it is a response', async (size) => {
    const passing = new PassingAnswers()
    const lent = Buffer.alloc(size, 'a')
    const answer = {
      ...passing.render(parts(object('a'))),
      sizeBytes: size,
      body: { kind: 'bytes', bytes: lent },
    } as const
    const range = new Request('http://127.0.0.1/', { headers: { range: `bytes=0-${size - 1}` } })
    const responses = [send(get, answer), send(range, answer)]
    lent.fill('b')
    for (const response of responses) expect(await response.text()).toBe('a'.repeat(size))
  })

  test('is not touched by what a conditional request takes away or adds', () => {
    const passing = new PassingAnswers()
    const first = parts(object('a'))
    const notModified = new Request('http://127.0.0.1/', {
      headers: { 'if-none-match': renderAnswer(first).etag },
    })
    expect(send(notModified, passing.render(first)).status).toBe(304)
    const part = new Request('http://127.0.0.1/', { headers: { range: 'bytes=0-3' } })
    expect(send(part, passing.render(first)).headers.get('content-range')).toBe('bytes 0-3/10')
    const whole = send(get, passing.render(first))
    expect(Object.fromEntries(whole.headers)).toEqual(renderAnswer(first).headers)
  })
})
