import { expect } from 'bun:test'
import { makeNpmVersion, makeWheel } from '../../../lab/fake-registry-packages.ts'
import type { ClientCase } from './client-case.ts'
import { type Fixture, type RegistryScene, registryOf, type Upstream } from './registry-scene.ts'

/** The same names stand at the public source, with versions that every client would rather take. */
const privateNames = {
  npm: { pattern: '@corp/*', requires: { '@corp/tool': '>=1.0.0' } },
  pypi: { pattern: 'corp-*', requires: { 'corp-tool': '>=1.0' } },
} as const

export const privateCases: readonly ClientCase[] = [
  {
    id: 'private',
    title: 'private names come from their own upstream; not a byte of them goes to the public one',
    run: async (at) => {
      const { pattern, requires } = privateNames[at.client.ecosystem]
      const [own, lure] = [
        await at.more(privateFixture(at, '1.0.0')),
        await at.more(privateFixture(at, '99.0.0')),
      ]
      const product = await at.serve({ env: settings(at, pattern, own, lure) })
      const run = await at.run({ registry: registryOf(at.client, product), requires })
      expect(run).toMatchObject({ code: 0 })
      const version = at.client.ecosystem === 'npm' ? '1.0.0' : '1.0'
      const names =
        at.client.ecosystem === 'npm' ? ['@corp/inner', '@corp/tool'] : ['corp-inner', 'corp-tool']
      expect(run.installed).toEqual(names.map((name) => `${name}@${version}`))
      expect(mentions(lure)).toEqual([])
      return ''
    },
  },
  {
    id: 'private-down',
    title: 'private names while their upstream is down: an error, and still nothing goes to the public one',
    run: async (at) => {
      const { pattern, requires } = privateNames[at.client.ecosystem]
      const [own, lure] = [
        await at.more(privateFixture(at, '1.0.0')),
        await at.more(privateFixture(at, '99.0.0')),
      ]
      const product = await at.serve({ env: settings(at, pattern, own, lure) })
      await own.stop()
      const registry = registryOf(at.client, product)
      const run = await at.run({ registry, requires, fewRetries: true })
      expect(run.code).not.toBe(0)
      expect(run.output).toMatch(/corp|50[234]/)
      expect(run.installed).toEqual([])
      expect(mentions(lure)).toEqual([])
      const [name = ''] = Object.keys(requires)
      const answer = await fetch(`${registry}/${name}${at.client.ecosystem === 'npm' ? '' : '/'}`)
      expect([502, 503, 504]).toContain(answer.status)
      return ''
    },
  },
]

function settings(at: RegistryScene, pattern: string, own: Upstream, lure: Upstream): Record<string, string> {
  const prefix = `POSTHASTE_${at.client.ecosystem.toUpperCase()}`
  return {
    [`${prefix}_UPSTREAM`]: lure.address,
    [`${prefix}_PRIVATE`]: pattern,
    [`${prefix}_PRIVATE_UPSTREAM`]: own.address,
  }
}

function privateFixture({ client, fixture }: RegistryScene, version: string): Fixture {
  const { victim } = fixture
  if (client.ecosystem === 'npm') {
    const tool = makeNpmVersion('@corp/tool', version, { '@corp/inner': '>=1.0.0' })
    const packages = [
      { name: '@corp/tool', versions: [tool] },
      { name: '@corp/inner', versions: [makeNpmVersion('@corp/inner', version)] },
    ]
    return { title: 'private', ecosystem: 'npm', packages, requires: {}, victim }
  }
  const short = version.replace(/\.0$/, '')
  const packages = [
    { name: 'corp-tool', files: [makeWheel('corp-tool', short, ['corp-inner>=1.0'])] },
    { name: 'corp-inner', files: [makeWheel('corp-inner', short)] },
  ]
  return { title: 'private', ecosystem: 'pypi', packages, requires: {}, victim }
}

/** Requests that carry a private name anywhere: in their path, a header or a body. */
function mentions(upstream: Upstream): string[] {
  return upstream.hosts.flatMap((host) =>
    host.log().flatMap(({ raw, method, path }) => (/corp/i.test(raw) ? [`${method} ${path}`] : [])),
  )
}
