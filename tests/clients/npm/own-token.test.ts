import { describe, expect } from 'bun:test'
import { makeNpmVersion } from '../../../lab/fake-registry-packages.ts'
import { testUnless } from '../../support/test-unless.ts'
import type { Fixture } from '../registry/fixture.ts'
import { smallNpm } from '../registry/generated-fixtures.ts'
import type { RegistryClient } from '../registry/registry-client.ts'
import { dataHolds, type RegistryScene, registryOf, registryScene } from '../registry/registry-scene.ts'
import { npmClient } from './npm-clients.ts'

const allTiers = process.env.POSTHASTE_TEST_ALL === '1'
const limitMs = 180_000
const token = 'npm_OfTheClientAlone0123456789'
const tool = makeNpmVersion('@corp/tool', '1.0.0', { '@corp/inner': '>=1.0.0' })
const requires = { ...smallNpm.requires, '@corp/tool': '>=1.0.0' }

for (const id of ['npm', 'npm-8', 'pnpm-10', 'pnpm-12', 'yarn-1', 'yarn-4', 'bun']) {
  const client = npmClient(id)
  const obtained =
    client.isQuick || allTiers ? await client.obtain() : { missing: 'only with all tiers: npm run test:all' }
  const missing = 'missing' in obtained ? obtained.missing : undefined

  describe(`a private registry that ${id} has a token of its own for`, () => {
    testUnless(missing)(
      'is installed from with it; the public one hears of neither, and nothing is kept for others',
      async () => {
        await using at = await registryScene(withToken(client), obtained, smallNpm)
        const { product, own, lure } = await tokenScene(at)
        const run = await at.run({ registry: registryOf(client, product), requires })
        expect(run).toMatchObject({ code: 0 })
        expect(run.installed.filter(isPrivate)).toEqual(['@corp/inner@1.0.0', '@corp/tool@1.0.0'])
        expect(run.installed.length).toBeGreaterThan(2)
        expect(lure.requests()).toBeGreaterThan(0)
        expect(lure.mentions(/corp/i)).toEqual([])
        expect(lure.mentions(new RegExp(token))).toEqual([])
        expect(own.mentions(new RegExp(`Bearer ${token}`)).length).toBeGreaterThan(0)
        expect(await dataHolds(at.dataDir, tool.tarball)).toBe(false)
        expect(await dataHolds(at.dataDir, Buffer.from(token))).toBe(false)
      },
      limitMs,
    )

    testUnless(missing)(
      'gives nothing to whoever has none, also after somebody has installed',
      async () => {
        await using at = await registryScene(withToken(client), obtained, smallNpm)
        const { product, lure } = await tokenScene(at)
        const registry = registryOf(client, product)
        expect(await at.run({ registry, requires })).toMatchObject({ code: 0 })
        await using other = await registryScene(client, obtained, smallNpm)
        const refused = await other.run({ registry, requires, fewRetries: true })
        expect(refused.code).not.toBe(0)
        expect(refused.output).toMatch(/401|auth|corp/i)
        expect(refused.installed.filter(isPrivate)).toEqual([])
        expect(lure.mentions(/corp/i)).toEqual([])
      },
      limitMs,
    )
  })
}

/** Posthaste between a private registry that wants the token, for which it has no credentials itself, and a public one. */
async function tokenScene(at: RegistryScene) {
  const inner = makeNpmVersion('@corp/inner', '1.0.0')
  const packages = [
    { name: '@corp/tool', versions: [tool] },
    { name: '@corp/inner', versions: [inner] },
  ]
  if (at.fixture.ecosystem !== 'npm') throw new Error('not a registry of npm packages')
  const own = await at.more({ ...at.fixture, packages }, `Bearer ${token}`)
  const lured = [{ name: '@corp/tool', versions: [makeNpmVersion('@corp/tool', '99.0.0')] }]
  const beside: Fixture = { ...at.fixture, packages: [...lured, ...at.fixture.packages] }
  const lure = await at.more(beside)
  const product = await at.serve({
    env: {
      POSTHASTE_NPM_UPSTREAM: lure.address,
      POSTHASTE_NPM_PRIVATE: '@corp/*',
      POSTHASTE_NPM_PRIVATE_UPSTREAM: own.address,
    },
  })
  return { product, own, lure }
}

/** As `npm login` leaves a client behind; yarn from 2 on has settings of its own. */
function withToken(client: RegistryClient): RegistryClient {
  return {
    ...client,
    files: (project) => {
      const files = client.files(project)
      const place = project.registry.replace(/^http:/, '')
      const said = `registry=${project.registry}/\n${place}/:_authToken=${token}\n`
      return { ...files, '.npmrc': said }
    },
    env: (place) => ({
      ...client.env(place),
      ...(client.id === 'yarn-4' ? { YARN_NPM_AUTH_TOKEN: token, YARN_NPM_ALWAYS_AUTH: 'true' } : {}),
    }),
  }
}

function isPrivate(installed: string): boolean {
  return installed.startsWith('@corp')
}
