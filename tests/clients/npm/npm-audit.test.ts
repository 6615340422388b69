import { describe, expect } from 'bun:test'
import { dirname, join } from 'node:path'
import type { NpmPackage } from '../../../lab/fake-registry-npm.ts'
import { testUnless } from '../../support/test-unless.ts'
import type { Fixture } from '../registry/fixture.ts'
import { smallNpm } from '../registry/generated-fixtures.ts'
import { privateScene } from '../registry/private-cases.ts'
import { type RegistryScene, registryOf, registryScene } from '../registry/registry-scene.ts'
import type { Upstream } from '../registry/upstream.ts'
import { npmClient } from './npm-clients.ts'
import { startTrustRoot } from './trust-root.ts'

const allTiers = process.env.POSTHASTE_TEST_ALL === '1'
const limitMs = 180_000
const victim = `${smallNpm.victim.name}@1.1.0`

for (const id of ['npm', 'npm-8']) {
  const client = npmClient(id)
  const obtained =
    client.isQuick || allTiers ? await client.obtain() : { missing: 'only with all tiers: npm run test:all' }
  const missing = 'missing' in obtained ? obtained.missing : undefined
  const onlyLong = missing ?? (allTiers ? undefined : 'only with all tiers: npm run test:all')
  const scene = () => registryScene(client, obtained, smallNpm)

  describe(`audits of ${id}`, () => {
    testUnless(missing)(
      'npm audit: the public registry hears of what is public and of nothing private; an outage is no clean bill',
      async () => {
        await using at = await scene()
        const { product, lure, requires } = await privateScene(at, 'npm')
        const registry = registryOf(client, product)
        const { project } = await installed(at, { registry, requires, args: ['install', '--no-audit'] })
        lure.inject({ pattern: '-/npm/v1/security/*', fault: { kind: 'status', status: 503 } })
        const failed = await at.run({ registry, requires, project, args: ['audit'], fewRetries: true })
        expect(failed.code).not.toBe(0)
        expect(failed.output).not.toContain('found 0 vulnerabilities')
        // npm 8 then asks the older audit, which is told the whole lock file.
        const quick = lure.mentions(/^POST \/-\/npm\/v1\/security\/audits\/quick\n/)
        expect(quick.length > 0).toBe(id === 'npm-8')
        expect(lure.mentions(/corp/i)).toEqual([])
        lure.clearFaults()
        lure.resetLog()
        const audit = await at.run({ registry, requires, project, args: ['audit'] })
        expect(audit).toMatchObject({ code: 0, output: expect.stringContaining('found 0 vulnerabilities') })
        expect(lure.mentions(/^POST \/-\/npm\/v1\/security\/[\s\S]*"lab-part-1"/)).toHaveLength(1)
        expect(lure.mentions(/corp/i)).toEqual([])
      },
      limitMs,
    )

    testUnless(onlyLong)(
      'npm audit signatures: passes on what the registry has signed, and tells a wrong signature',
      async () => {
        await using at = await scene()
        await using trust = await startTrustRoot(dirname(at.dataDir))
        const { env } = trust
        const registry = registryOf(client, await at.serve())
        const { project, installed: packages } = await installed(at, { registry })
        await trust.plant(join(dirname(project), 'npm-cache'))
        const good = await at.run({ registry, project, env, args: ['audit', 'signatures'] })
        expect(good).toMatchObject({ code: 0 })
        expect(good.output).toContain(`${packages.length} packages have verified registry signatures`)
        expect(at.upstream.mentions(/^GET \/-\/npm\/v1\/keys\n/)).not.toEqual([])

        const wrong = await at.more(await wronglySigned(at.upstream))
        const other = await at.serve({
          dataDir: join(dirname(at.dataDir), 'other'),
          env: { POSTHASTE_NPM_UPSTREAM: wrong.address },
        })
        const bad = await at.run({
          registry: registryOf(client, other),
          project,
          env,
          args: ['audit', 'signatures'],
        })
        // npm 8 tells it, and ends with 0 all the same.
        if (id !== 'npm-8') expect(bad.code).toBe(1)
        expect(bad.output).toContain('1 package has an invalid registry signature')
        expect(bad.output).toContain(victim)
        expect(bad.output).toContain(`${packages.length - 1} packages have verified registry signatures`)
      },
      limitMs,
    )

    testUnless(missing)(
      'npm install: Posthaste itself keeps nothing that is wrongly signed, and npm names it',
      async () => {
        await using at = await scene()
        const wrong = await at.more(await wronglySigned(at.upstream))
        const product = await at.serve({ env: { POSTHASTE_NPM_UPSTREAM: wrong.address } })
        const run = await at.run({ registry: registryOf(client, product), fewRetries: true })
        expect(run.code).not.toBe(0)
        expect(run.output).toContain(smallNpm.victim.name)
        expect(run.output).toContain('signature')
      },
      limitMs,
    )
  })
}

async function installed(at: RegistryScene, options: Parameters<RegistryScene['run']>[0]) {
  const run = await at.run(options)
  expect(run).toMatchObject({ code: 0 })
  return run
}

/** The same registry, but one version carries the signature of another one, under the registry's own key. */
async function wronglySigned(upstream: Upstream): Promise<Fixture> {
  if (smallNpm.ecosystem !== 'npm') throw new Error('not a registry of npm packages')
  const [name, version] = victim.split('@')
  const packages = smallNpm.packages.map(async (one): Promise<NpmPackage> => {
    if (one.name !== name) return one
    const page = (await (await fetch(`${upstream.address}/${name}`)).json()) as {
      versions: Record<string, { dist: Record<string, unknown> }>
    }
    const distOf = (of: string) => {
      const { tarball, ...dist } = page.versions[of]?.dist ?? {}
      return dist
    }
    const versions = one.versions.map((published) => {
      const { version: number } = published.manifest
      const { signatures } = distOf('1.0.0')
      const dist = number === version ? { ...distOf(number), signatures } : distOf(number)
      return { ...published, dist }
    })
    return { ...one, versions }
  })
  return { ...smallNpm, packages: await Promise.all(packages) }
}
