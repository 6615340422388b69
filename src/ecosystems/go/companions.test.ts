import { describe, expect, test } from 'bun:test'
import companions from './companions.json'
import { companionsOf } from './companions.ts'
import { escapePath } from './module-path.ts'

describe('companions', () => {
  test('tells who is seldom far when a module is needed', () => {
    expect(companionsOf('github.com/beorn7/perks')).toContain('github.com/prometheus/client_golang')
  })

  test('names modules only, each after the one that leads to it', () => {
    const faults = Object.keys(companions).filter(
      (path) =>
        escapePath(path) === undefined ||
        companionsOf(path).length === 0 ||
        companionsOf(path).some((companion) => escapePath(companion) === undefined || companion <= path),
    )
    expect(faults).toEqual([])
  })

  test.each(['a.example/unknown', '__proto__', 'constructor'])('knows nothing of %s', (path) => {
    expect(companionsOf(path)).toEqual([])
  })
})
