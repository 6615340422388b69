import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { type Conditions, type Decision, evaluate, type Representation } from './preconditions.ts'

const ETAG = '"abc"'
const MODIFIED = Date.UTC(1994, 10, 6, 8, 49, 37)
const SAME = 'Sun, 06 Nov 1994 08:49:37 GMT'
const EARLIER = 'Sun, 06 Nov 1994 08:49:36 GMT'
const body: Representation = { etag: ETAG, sizeBytes: 100, lastModifiedMs: MODIFIED + 250 }

const decide = (conditions: Partial<Conditions>, representation: Representation = body): Decision =>
  evaluate({ method: 'GET', ...conditions }, representation)
const kind = (conditions: Partial<Conditions>, representation?: Representation) =>
  decide(conditions, representation).kind

describe('If-None-Match', () => {
  test.each([
    ['*', 'not-modified'],
    ['"abc"', 'not-modified'],
    ['W/"abc"', 'not-modified'],
    ['"x", "abc"', 'not-modified'],
    ['"x","y",W/"abc"', 'not-modified'],
    [' ,, "abc" ,', 'not-modified'],
    ['"a,b", "abc"', 'not-modified'],
    ['"x"', 'full'],
    ['"ABC"', 'full'],
    ['abc', 'full'],
    ['"abc', 'full'],
    ['""', 'full'],
    ['', 'full'],
    ['"x" "abc"', 'full'],
    ['"abc"junk', 'full'],
    ['w/"abc"', 'full'],
  ])('%j → %s', (ifNoneMatch, expected) => {
    expect(kind({ ifNoneMatch })).toBe(expected as Decision['kind'])
  })

  test('matches a weak tag of ours, weakly', () => {
    expect(kind({ ifNoneMatch: '"abc"' }, { ...body, etag: 'W/"abc"' })).toBe('not-modified')
  })
  test('without a validator of ours only * matches', () => {
    expect(kind({ ifNoneMatch: '"abc"' }, { ...body, etag: undefined })).toBe('full')
    expect(kind({ ifNoneMatch: '*' }, { ...body, etag: undefined })).toBe('not-modified')
  })
  test('fails a method that changes something', () => {
    expect(kind({ method: 'POST', ifNoneMatch: '*' })).toBe('failed')
  })
  test('hides If-Modified-Since', () => {
    expect(kind({ ifNoneMatch: '"x"', ifModifiedSince: SAME })).toBe('full')
  })
  test('comes before Range', () => {
    expect(kind({ ifNoneMatch: ETAG, range: 'bytes=0-1' })).toBe('not-modified')
  })
})

describe('If-Match', () => {
  test.each([
    ['*', 'full'],
    ['"abc"', 'full'],
    ['"x", "abc"', 'full'],
    ['W/"abc"', 'failed'],
    ['"x"', 'failed'],
    ['abc', 'failed'],
    ['', 'failed'],
  ])('%j → %s', (ifMatch, expected) => {
    expect(kind({ ifMatch })).toBe(expected as Decision['kind'])
  })
  test('a weak tag of ours never matches', () => {
    expect(kind({ ifMatch: 'W/"abc"' }, { ...body, etag: 'W/"abc"' })).toBe('failed')
  })
  test('comes before If-None-Match and hides If-Unmodified-Since', () => {
    expect(kind({ ifMatch: '"x"', ifNoneMatch: ETAG })).toBe('failed')
    expect(kind({ ifMatch: ETAG, ifUnmodifiedSince: EARLIER })).toBe('full')
  })
})

describe('dates', () => {
  test.each([
    [{ ifModifiedSince: SAME }, 'not-modified'],
    [{ ifModifiedSince: EARLIER }, 'full'],
    [{ ifModifiedSince: 'yesterday' }, 'full'],
    [{ ifUnmodifiedSince: SAME }, 'full'],
    [{ ifUnmodifiedSince: EARLIER }, 'failed'],
    [{ ifUnmodifiedSince: 'yesterday' }, 'full'],
    [{ method: 'POST', ifModifiedSince: SAME }, 'full'],
  ])('%j → %s', (conditions, expected) => {
    expect(kind(conditions)).toBe(expected as Decision['kind'])
  })
  test('are ignored when we announce no date', () => {
    const undated = { etag: ETAG, sizeBytes: 100 }
    expect(kind({ ifModifiedSince: SAME }, undated)).toBe('full')
    expect(kind({ ifUnmodifiedSince: EARLIER }, undated)).toBe('full')
  })
})

describe('Range', () => {
  test.each([
    ['bytes=0-0', { kind: 'range', start: 0, end: 0 }],
    ['bytes=10-19', { kind: 'range', start: 10, end: 19 }],
    ['BYTES=10-19', { kind: 'range', start: 10, end: 19 }],
    ['bytes= 10-19 ', { kind: 'range', start: 10, end: 19 }],
    ['bytes=,10-19,', { kind: 'range', start: 10, end: 19 }],
    ['bytes=10-', { kind: 'range', start: 10, end: 99 }],
    ['bytes=10-1000', { kind: 'range', start: 10, end: 99 }],
    ['bytes=10-99999999999999999999999', { kind: 'range', start: 10, end: 99 }],
    ['bytes=99-', { kind: 'range', start: 99, end: 99 }],
    ['bytes=-1', { kind: 'range', start: 99, end: 99 }],
    ['bytes=-1000', { kind: 'range', start: 0, end: 99 }],
    ['bytes=100-', { kind: 'unsatisfiable' }],
    ['bytes=100-200', { kind: 'unsatisfiable' }],
    ['bytes=99999999999999999999999-', { kind: 'unsatisfiable' }],
    ['bytes=-0', { kind: 'unsatisfiable' }],
    ['bytes=0-1,5-6', { kind: 'full' }],
    ['bytes=0-1,', { kind: 'range', start: 0, end: 1 }],
    ['bytes=5-4', { kind: 'full' }],
    ['bytes=-', { kind: 'full' }],
    ['bytes=', { kind: 'full' }],
    ['bytes=a-b', { kind: 'full' }],
    ['bytes=0-1-2', { kind: 'full' }],
    ['bytes=--1', { kind: 'full' }],
    ['bytes=1.5-2', { kind: 'full' }],
    ['bytes=0x1-2', { kind: 'full' }],
    ['bytes 0-1', { kind: 'full' }],
    ['items=0-1', { kind: 'full' }],
    ['0-1', { kind: 'full' }],
  ])('%j → %j', (range, expected) => {
    expect(decide({ range })).toEqual(expected as Decision)
  })

  test('of HEAD is ignored', () => {
    expect(kind({ method: 'HEAD', range: 'bytes=0-1' })).toBe('full')
    expect(kind({ method: 'HEAD', range: 'bytes=100-' })).toBe('full')
  })
  test('of an empty body gives the empty body', () => {
    for (const range of ['bytes=0-', 'bytes=0-5', 'bytes=-5', 'bytes=7-']) {
      expect(kind({ range }, { etag: ETAG, sizeBytes: 0 })).toBe('full')
    }
  })

  test('property: a range that is given lies inside the body and is what was asked', () => {
    fc.assert(
      fc.property(fc.nat(300), fc.nat(300), fc.integer({ min: 1, max: 200 }), (first, last, sizeBytes) => {
        const decision = decide({ range: `bytes=${first}-${last}` }, { etag: ETAG, sizeBytes })
        if (last < first) expect(decision.kind).toBe('full')
        else if (first >= sizeBytes) expect(decision.kind).toBe('unsatisfiable')
        else expect(decision).toEqual({ kind: 'range', start: first, end: Math.min(last, sizeBytes - 1) })
      }),
    )
  })
  test('property: a suffix is the end of the body', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 200 }), (length, sizeBytes) => {
        const decision = decide({ range: `bytes=-${length}` }, { etag: ETAG, sizeBytes })
        const sent = Math.min(length, sizeBytes)
        expect(decision).toEqual({ kind: 'range', start: sizeBytes - sent, end: sizeBytes - 1 })
      }),
    )
  })
  test('property: no header makes it throw or leave the body', () => {
    const noise = fc.oneof(
      fc.string(),
      fc.stringMatching(/^bytes=[-0-9, ]{0,20}$/),
      fc.stringMatching(/^[W/"abc, *]{0,20}$/),
    )
    fc.assert(
      fc.property(
        noise,
        noise,
        noise,
        noise,
        fc.nat(50),
        (range, ifRange, ifNoneMatch, ifMatch, sizeBytes) => {
          const decision = decide({ range, ifRange, ifNoneMatch, ifMatch }, { etag: ETAG, sizeBytes })
          if (decision.kind !== 'range') return
          expect(decision.start).toBeGreaterThanOrEqual(0)
          expect(decision.end).toBeGreaterThanOrEqual(decision.start)
          expect(decision.end).toBeLessThan(sizeBytes)
        },
      ),
    )
  })
})

describe('If-Range', () => {
  const range = 'bytes=10-'
  test.each([
    ['"abc"', 'range'],
    [' "abc" ', 'range'],
    ['W/"abc"', 'full'],
    ['"other"', 'full'],
    ['*', 'full'],
    ['abc', 'full'],
    [SAME, 'full'],
  ])('%j → %s', (ifRange, expected) => {
    expect(kind({ range, ifRange })).toBe(expected as Decision['kind'])
  })
  test('never matches a weak tag of ours, nor the lack of one', () => {
    expect(kind({ range, ifRange: 'W/"abc"' }, { ...body, etag: 'W/"abc"' })).toBe('full')
    expect(kind({ range, ifRange: ETAG }, { ...body, etag: undefined })).toBe('full')
  })
  test('that matches leaves an unsatisfiable range unsatisfiable; one that fails hides it', () => {
    expect(kind({ range: 'bytes=100-', ifRange: ETAG })).toBe('unsatisfiable')
    expect(kind({ range: 'bytes=100-', ifRange: '"other"' })).toBe('full')
  })
  test('without Range means nothing', () => {
    expect(kind({ ifRange: ETAG })).toBe('full')
  })
})
