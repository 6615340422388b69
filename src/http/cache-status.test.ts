import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { CACHE_STATUS_HIT, type CacheHandling, cacheStatus } from './cache-status.ts'

const cases: [string, CacheHandling, string][] = [
  ['immutable hit', { kind: 'hit' }, 'Posthaste; hit'],
  ['hit that never goes stale', { kind: 'hit', ttlMs: Infinity }, 'Posthaste; hit'],
  ['fresh hit', { kind: 'hit', ttlMs: 41_999 }, 'Posthaste; hit; ttl=41'],
  ['hit on its last instant', { kind: 'hit', ttlMs: 0 }, 'Posthaste; hit; ttl=0'],
  ['stale hit', { kind: 'hit', ttlMs: -412_000 }, 'Posthaste; hit; ttl=-412'],
  ['just stale hit', { kind: 'hit', ttlMs: -1 }, 'Posthaste; hit; ttl=-1'],
  [
    'remembered miss',
    { kind: 'hit', ttlMs: 9000, detail: 'negative' },
    'Posthaste; hit; ttl=9; detail=negative',
  ],
  [
    'filled',
    { kind: 'forwarded', reason: 'uri-miss', status: 200, stored: true },
    'Posthaste; fwd=uri-miss; fwd-status=200; stored',
  ],
  [
    'collapsed',
    { kind: 'forwarded', reason: 'uri-miss', stored: true, collapsed: true },
    'Posthaste; fwd=uri-miss; stored; collapsed',
  ],
  [
    'revalidated',
    { kind: 'forwarded', reason: 'stale', status: 304, ttlMs: 60_000 },
    'Posthaste; fwd=stale; fwd-status=304; ttl=60',
  ],
  [
    'stale because the upstream said 502',
    { kind: 'forwarded', reason: 'stale', status: 502, ttlMs: -5000, detail: 'http' },
    'Posthaste; fwd=stale; fwd-status=502; ttl=-5; detail=http',
  ],
  [
    'failed without an answer',
    { kind: 'forwarded', reason: 'uri-miss', detail: 'timeout' },
    'Posthaste; fwd=uri-miss; detail=timeout',
  ],
  [
    'a sentence as detail',
    { kind: 'forwarded', reason: 'uri-miss', detail: 'mirror "a\\b" said\r\nno 错' },
    'Posthaste; fwd=uri-miss; detail="mirror \\"a\\\\b\\" said no"',
  ],
  ['denied here', { kind: 'local', detail: 'private' }, 'Posthaste; detail=private'],
  ['nothing to say', { kind: 'local' }, 'Posthaste'],
]

describe('cacheStatus', () => {
  test.each(cases)('%s', (_name, handling, expected) => {
    expect(cacheStatus(handling)).toBe(expected)
  })

  test('the ready-made value of a hit is what would be computed', () => {
    expect(CACHE_STATUS_HIT).toBe(cacheStatus({ kind: 'hit' }))
  })

  test('property: any detail stays one parameter of one line', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (detail) => {
        expect(cacheStatus({ kind: 'local', detail })).toMatch(
          /^Posthaste(; detail=([A-Za-z*][^ ";,]*|"([ !#-[\]-~]|\\["\\])*"))?$/,
        )
      }),
    )
  })
})
