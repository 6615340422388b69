import { expect } from 'bun:test'
import { makeNpmVersion, makeWheel } from '../../../lab/fake-registry-packages.ts'
import type { ClientCase } from './client-case.ts'
import type { Fixture } from './fixture.ts'
import { type RegistryScene, registryOf } from './registry-scene.ts'
import type { Upstream } from './upstream.ts'

/** The same names stand at the public source, with versions that every client would rather take. */
const privateNames = {
  npm: { pattern: '@corp/*', requires: { '@corp/tool': '>=1.0.0' }, inner: '@corp/inner', version: '1.0.0' },
  pypi: { pattern: 'corp-*', requires: { 'corp-tool': '>=1.0' }, inner: 'corp-inner', version: '1.0' },
} as const

export const privateCases: readonly ClientCase[] = [
  {
    id: 'private',
    title: 'private names come from their own upstream; not a byte of them goes to the public one',
    run: async (at) => {
      const { ecosystem } = at.client
      if (ecosystem === 'go') return refusesPrivateModules(at)
      const { inner, version } = privateNames[ecosystem]
      const { product, lure, requires } = await privateScene(at, ecosystem)
      const run = await at.run({ registry: registryOf(at.client, product), requires })
      expect(run).toMatchObject({ code: 0 })
      const names = [inner, ...Object.keys(privateNames[ecosystem].requires)]
      expect(run.installed.filter(isPrivate)).toEqual(names.map((name) => `${name}@${version}`))
      expect(run.installed.length).toBeGreaterThan(names.length)
      expect(lure.mentions(/corp/i)).toEqual([])
      expect(lure.requests()).toBeGreaterThan(0)
      return ''
    },
  },
  {
    id: 'private-down',
    title: 'private names while their upstream is down: an error, and still nothing goes to the public one',
    excused: ({ ecosystem }) =>
      ecosystem === 'go'
        ? 'private modules have no upstream: go asks their version control itself'
        : undefined,
    run: async (at) => {
      const { ecosystem } = at.client
      if (ecosystem === 'go') throw new Error('private modules have no upstream')
      const { product, own, lure, requires } = await privateScene(at, ecosystem)
      await own.stop()
      const registry = registryOf(at.client, product)
      const run = await at.run({ registry, requires, fewRetries: true })
      expect(run.code).not.toBe(0)
      expect(run.output).toMatch(/corp|50[234]/)
      expect(run.installed.filter(isPrivate)).toEqual([])
      expect(lure.mentions(/corp/i)).toEqual([])
      const [name] = Object.keys(privateNames[ecosystem].requires)
      const answer = await fetch(`${registry}/${name}${ecosystem === 'npm' ? '' : '/'}`)
      expect([502, 503, 504]).toContain(answer.status)
      return ''
    },
  },
]

/** The scene's project with a private package beside its own, and Posthaste between the two sources. */
export async function privateScene(at: RegistryScene, ecosystem: 'npm' | 'pypi') {
  const { pattern, requires } = privateNames[ecosystem]
  const own: Upstream = await at.more(withPrivate(at.fixture, '1.0.0', 'alone'))
  const lure: Upstream = await at.more(withPrivate(at.fixture, '99.0.0', 'beside the others'))
  const prefix = `POSTHASTE_${ecosystem.toUpperCase()}`
  const product = await at.serve({
    env: {
      [`${prefix}_UPSTREAM`]: lure.address,
      [`${prefix}_PRIVATE`]: pattern,
      [`${prefix}_PRIVATE_UPSTREAM`]: own.address,
    },
  })
  return { product, own, lure, requires: { ...at.fixture.requires, ...requires } }
}

function withPrivate(fixture: Fixture, version: string, place: 'alone' | 'beside the others'): Fixture {
  const isAlone = place === 'alone'
  if (fixture.ecosystem === 'npm') {
    const tool = makeNpmVersion('@corp/tool', version, { '@corp/inner': '>=1.0.0' })
    const packages = [
      { name: '@corp/tool', versions: [tool] },
      { name: '@corp/inner', versions: [makeNpmVersion('@corp/inner', version)] },
    ]
    return { ...fixture, packages: [...packages, ...(isAlone ? [] : fixture.packages)] }
  }
  if (fixture.ecosystem === 'go') throw new Error('private modules have no upstream')
  const short = version.replace(/\.0$/, '')
  const packages = [
    { name: 'corp-tool', files: [makeWheel('corp-tool', short, ['corp-inner>=1.0'])] },
    { name: 'corp-inner', files: [makeWheel('corp-inner', short)] },
  ]
  return { ...fixture, packages: [...packages, ...(isAlone ? [] : fixture.packages)] }
}

/** Private modules are no proxy's business: the client hears what to set, and no source hears the name. */
async function refusesPrivateModules(at: RegistryScene): Promise<string> {
  const product = await at.serve({ env: { POSTHASTE_GO_PRIVATE: 'corp.example/*' } })
  const requires = { ...at.fixture.requires, 'corp.example/tool': 'v1.0.0' }
  const run = await at.run({ registry: registryOf(at.client, product), requires })
  expect(run.code).not.toBe(0)
  expect(run.output).toMatch(/corp\.example\/tool.*403[\s\S]*GOPRIVATE=corp\.example/)
  // `go` also asks for the parent, which no pattern names.
  expect(at.upstream.mentions(/corp\.example\/[^@]/)).toEqual([])
  return 'refused with 403 and the setting (GOPRIVATE) that sends go to their version control'
}

function isPrivate(installed: string): boolean {
  return /^@?corp/.test(installed)
}
