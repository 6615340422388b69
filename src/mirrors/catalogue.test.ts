import { describe, expect, test } from 'bun:test'
import { type CatalogueFile, joinCatalogue, MAX_AGE_DAYS, type MirrorEntry, standingOf } from './catalogue.ts'

const day = 86_400_000
const verifiedAt = Date.parse('2026-01-01T00:00:00Z')

describe('a verification expires', () => {
  const cases: readonly [status: MirrorEntry['status'], ageDays: number, standing: MirrorEntry['status']][] =
    [
      ['verified', 0, 'verified'],
      ['verified', MAX_AGE_DAYS, 'verified'],
      ['verified', MAX_AGE_DAYS + 1, 'candidate'],
      ['verified', -1, 'verified'],
      ['verified', -3, 'candidate'],
      ['candidate', 0, 'candidate'],
      ['retired', 0, 'retired'],
      ['retired', 1000, 'retired'],
    ]
  for (const [status, ageDays, standing] of cases) {
    test(`${status} and ${ageDays} days old: ${standing}`, () => {
      expect(standingOf({ status, lastVerified: '2026-01-01' }, verifiedAt + ageDays * day)).toBe(standing)
    })
  }
  test('without a day there is no verification', () => {
    expect(standingOf({ status: 'verified', lastVerified: undefined }, verifiedAt)).toBe('candidate')
  })
})

const entry = (id: string, provenance: string) => ({ id, provenance }) as MirrorEntry
const file = (more: Partial<CatalogueFile>): CatalogueFile => ({
  ecosystem: 'go',
  reference: undefined,
  probes: undefined,
  mirrors: [],
  ...more,
})
const reference = { name: 'b', requests: 1, bytes: 1, concurrency: 1 }
const probes = { metadata: [] } as unknown as NonNullable<CatalogueFile['probes']>

test("a user's file adds entries and takes the place of those with its ids; other ecosystems are passed over", () => {
  const joined = joinCatalogue(
    file({ reference, probes, mirrors: [entry('a', 'built in'), entry('b', 'built in')] }),
    [
      file({ mirrors: [entry('b', 'ours'), entry('c', 'ours')] }),
      file({ ecosystem: 'npm', mirrors: [entry('d', 'ours')] }),
    ],
  )
  expect(joined?.mirrors.map(({ id, provenance }) => `${id} ${provenance}`)).toEqual([
    'a built in',
    'b ours',
    'c ours',
  ])
  expect(joined?.reference).toBe(reference)
})

test('without probes there is no catalogue', () => {
  expect(joinCatalogue(file({ reference }), [])).toBeUndefined()
})
