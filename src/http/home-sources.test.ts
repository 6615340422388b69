import { expect, test } from 'bun:test'
import type { ClassState, SourceState } from '../upstream/upstream.ts'
import { sourcesTable } from './home-sources.ts'

const unused: ClassState = {
  state: 'healthy',
  place: 1,
  scoreMs: undefined,
  reckoning: 'not measured yet',
  leftOut: undefined,
  samples: 0,
  firstByteMs: undefined,
  p95Ms: undefined,
  bytesPerSecond: undefined,
  errorRate: 0,
}
const source: SourceState = {
  list: 'go',
  id: 'mirror.example',
  address: 'https://mirror.example',
  foundIn: 'go env',
  separator: '|',
  clean: true,
  origin: false,
  classes: { metadata: unused, blob: unused },
  lag: undefined,
  bytes: 12_000_000,
  lastUsedAtMs: undefined,
  requests: 1204,
  errors: 1,
  proved: 9,
  wrong: 0,
  lastFailure: undefined,
}
const read = (sources: readonly SourceState[] | undefined) =>
  sourcesTable(sources)
    .text.replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ')

test('each source has a row with its state by class', () => {
  const metadata: ClassState = { ...unused, samples: 9, firstByteMs: 42, bytesPerSecond: 5_000_000 }
  const text = read([{ ...source, classes: { metadata, blob: unused }, origin: true }])
  expect(text).toContain('mirror.example go, the origin healthy 42 ms, 5.0 MB/s not used yet')
  expect(text).toContain('12 MB 1,204 requests, 1 error')
})

test('what is wrong with one is told', () => {
  const out: ClassState = { ...unused, state: 'out', leftOut: 'cannot be reached' }
  const lag = { behind: 3, atLeastMs: 7_200_000, at: 'm.example/x', lacks: 'v1.2.0', measuredAtMs: 0 }
  const lastFailure = { code: 'connect', message: 'mirror.example refused the connection', atMs: 0 } as const
  const text = read([{ ...source, classes: { metadata: out, blob: out }, lag, wrong: 1, lastFailure }])
  expect(text).toContain('cannot be reached; mirror.example refused the connection;')
  expect(text).toContain('3 versions behind at m.example/x, for 120 min or longer; sent wrong bytes once')
})

test('a stranger sees none, and nothing breaks out of its cell', () => {
  expect(read(undefined)).toBe('')
  expect(sourcesTable([{ ...source, id: '<script>x' }]).text).not.toContain('<script>')
})
