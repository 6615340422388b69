import { describe, expect, test } from 'bun:test'
import { checkModuleVersion } from './module-path.ts'
import graph from './published-graph.json'
import { publishedRequirements } from './published-graph.ts'

const all = Object.entries<Readonly<Record<string, string>>>(graph).flatMap(([path, versions]) =>
  Object.keys(versions).map((version) => ({ path, version })),
)

describe('the published graph', () => {
  test('tells what a go.mod requires', () => {
    expect(publishedRequirements({ path: 'github.com/stretchr/objx', version: 'v0.5.0' })).toEqual([
      { path: 'github.com/stretchr/testify', version: 'v1.8.0' },
    ])
  })

  test('names modules and versions only', () => {
    const faults = all
      .flatMap((module) => [module, ...publishedRequirements(module)])
      .flatMap(({ path, version }) => checkModuleVersion(path, version) ?? [])
    expect(faults).toEqual([])
  })

  test.each([
    ['github.com/stretchr/objx', 'v99.0.0'],
    ['github.com/stretchr/objx', 'constructor'],
    ['a.example/unknown', 'v1.0.0'],
    ['__proto__', 'v1.0.0'],
  ])('knows nothing of %s %s', (path, version) => {
    expect(publishedRequirements({ path, version })).toEqual([])
  })
})
