import { describe, expect, test } from 'bun:test'
import type { Resource, View } from '../ecosystems/ecosystem.ts'
import type { SendableAnswer } from './answer.ts'
import { HotAnswers } from './hot-answers.ts'
import { ViewAnswers } from './view-answers.ts'

function viewOf(name: string): View {
  const of: Resource = {
    ecosystem: 'npm',
    key: `npm/${name}`,
    sources: 'npm',
    path: name,
    kind: 'packument',
    name,
    mediaType: 'application/json',
    shape: 'metadata',
    maxBytes: 1_000,
    freshMs: 60_000,
    missMs: 1_000,
  }
  return { key: `npm/${name}~view`, of, mediaType: '', vary: '', transform: { name: 'upper', params: {} } }
}

const answer: SendableAnswer = {
  key: 'npm/x~view',
  ecosystem: 'npm',
  source: 'origin.example',
  headers: {},
  etag: '"x"',
  sizeBytes: 1,
  body: { kind: 'bytes', bytes: new Uint8Array(1) },
  checkedAtMs: 0,
  freshUntilMs: 60_000,
}

const answers = () => new ViewAnswers(new HotAnswers({ maxBytes: 1e9, touch: () => undefined }))

describe('places of rendered views', () => {
  test('are bounded for each body: the oldest is given up, however many spellings there are', () => {
    const kept = answers()
    for (let spelling = 0; spelling < 200; spelling++)
      kept.set(`/npm/x${spelling}\nfull`, viewOf('x'), answer)
    expect(kept.size).toBe(64)
    expect(kept.get('/npm/x0\nfull', 1)).toBeUndefined()
    expect(kept.get('/npm/x199\nfull', 1)).toBeDefined()
    kept.forget('npm/x')
    expect([kept.size, kept.get('/npm/x199\nfull', 1)]).toEqual([0, undefined])
  })

  test('are bounded in all, the one longest unused first', () => {
    const kept = answers()
    for (let name = 0; name < 25_000; name++) kept.set(`/npm/x${name}\nfull`, viewOf(`x${name}`), answer)
    expect(kept.size).toBe(20_000)
    expect(kept.get('/npm/x0\nfull', 1)).toBeUndefined()
    expect(kept.get('/npm/x24999\nfull', 1)).toBeDefined()
  })

  test('are not taken by a path that is spelled to be long', () => {
    const kept = answers()
    kept.set(`/npm/${'%78'.repeat(500)}\nfull`, viewOf('x'), answer)
    expect(kept.size).toBe(0)
  })
})

describe('a watch', () => {
  test('is void from the first change of what its view is made from', () => {
    const kept = answers()
    using watch = kept.watch(viewOf('x'))
    using other = kept.watch(viewOf('y'))
    kept.forget('npm/z')
    expect([watch.isVoid, other.isVoid]).toEqual([false, false])
    kept.forget('npm/x')
    expect([watch.isVoid, other.isVoid]).toEqual([true, false])
    kept.clear()
    expect(other.isVoid).toBe(true)
  })

  test('that began after a change is not', () => {
    const kept = answers()
    {
      using _early = kept.watch(viewOf('x'))
      kept.forget('npm/x')
    }
    using late = kept.watch(viewOf('x'))
    expect(late.isVoid).toBe(false)
  })
})
