import { describe, expect, test } from 'bun:test'
import file from './companion-releases.json'
import { releasesOf } from './companion-releases.ts'
import { companionsOf } from './companions.ts'
import { checkModuleVersion } from './module-path.ts'
import { compareVersions } from './version.ts'

const paths = Object.keys(file.releases)

describe('known releases of companions', () => {
  test('tell what a go.mod requires', () => {
    const [newest] = releasesOf('github.com/prometheus/client_golang')
    expect(newest?.require.map(({ path }) => path)).toContain('github.com/beorn7/perks')
  })

  test('name modules and versions only, and lack none', () => {
    const releases = paths.flatMap((path) => releasesOf(path).map((release) => ({ path, ...release })))
    const faults = releases
      .flatMap(({ path, version, require }) => [{ path, version }, ...require])
      .flatMap(({ path, version }) => checkModuleVersion(path, version) ?? [])
    expect(faults).toEqual([])
    const written = Object.values<Readonly<Record<string, string>>>(file.releases).flatMap(Object.values)
    expect(releases.map(({ require }) => require.length)).toEqual(
      written.map((numbers: string) => numbers.split(' ').length),
    )
  })

  test('stand from the newest on', () => {
    const unsorted = paths.filter((path) => {
      const versions = releasesOf(path).map(({ version }) => version)
      return versions.some((version, at) => at > 0 && compareVersions(version, versions[at - 1] ?? '') >= 0)
    })
    expect(unsorted).toEqual([])
  })

  test('are there for most that a module leads to', () => {
    expect(companionsOf('github.com/beorn7/perks').filter((path) => releasesOf(path).length > 0)).not.toEqual(
      [],
    )
  })

  test.each(['a.example/unknown', '__proto__', 'constructor'])('know nothing of %s', (path) => {
    expect(releasesOf(path)).toEqual([])
  })
})
