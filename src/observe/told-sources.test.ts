import { expect, test } from 'bun:test'
import type { SourceState } from '../upstream/upstream.ts'
import { toldSources } from './told-sources.ts'

const source = (list: string, id: string) => ({ list, id }) as SourceState

test('a list for writes is told only where it names another source', () => {
  const sources = [
    source('npm', 'a.example'),
    source('npm-writes', 'a.example'),
    source('npm-private-writes', 'b.example'),
    source('npm-private', 'c.example'),
  ]
  expect(toldSources(sources).map(({ list }) => list)).toEqual(['npm', 'npm-private-writes', 'npm-private'])
})
