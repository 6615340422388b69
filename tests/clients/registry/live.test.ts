import { expect } from 'bun:test'
import { testUnless } from '../../support/test-unless.ts'
import { npmClient } from '../npm/npm-clients.ts'
import { pypiClient } from '../pypi/pypi-clients.ts'
import type { Fixture } from './fixture.ts'
import { smallNpm, smallPypi } from './generated-fixtures.ts'
import { firstLine } from './machine.ts'
import type { RegistryClient } from './registry-client.ts'
import { registryOf, registryScene } from './registry-scene.ts'

/** One real package each, from whatever registry the machine's own client is set to. */
const lives: readonly {
  readonly client: RegistryClient
  readonly fixture: Fixture
  readonly requires: Readonly<Record<string, string>>
  readonly page: string
  readonly registry: () => Promise<string | undefined>
}[] = [
  {
    client: npmClient('npm'),
    fixture: smallNpm,
    requires: { 'is-number': '7.0.0' },
    page: 'is-number',
    registry: () => firstLine('npm', ['config', 'get', 'registry']),
  },
  {
    client: pypiClient('pip'),
    fixture: smallPypi,
    requires: { iniconfig: '==2.0.0' },
    page: 'iniconfig/',
    registry: async () => {
      const builtIn = 'from pip._internal.models.index import PyPI; print(PyPI.simple_url)'
      const set = await firstLine('pip', ['config', 'get', 'global.index-url'])
      return set ?? (await firstLine('python3', ['-c', builtIn]))
    },
  },
]

for (const { client, fixture, requires, page, registry } of lives) {
  const address = (await registry())?.replace(/\/*$/, '')
  testUnless(await unreachable(address, page))(
    `${client.id} installs a real package through Posthaste, and again with --offline`,
    async () => {
      const obtained = await client.obtain()
      await using at = await registryScene(client, obtained, fixture)
      const authorities = process.env.NODE_EXTRA_CA_CERTS ?? process.env.SSL_CERT_FILE
      const env = {
        [`POSTHASTE_${client.ecosystem.toUpperCase()}_UPSTREAM`]: address,
        POSTHASTE_UPSTREAM_CA_FILE: authorities,
        HTTPS_PROXY: process.env.HTTPS_PROXY,
      }
      const first = await at.serve({ env })
      const cold = await at.run({ registry: registryOf(client, first), requires })
      expect(cold).toMatchObject({ code: 0 })
      expect(cold.installed).toHaveLength(1)
      await first.stop()
      const second = await at.serve({ env, args: ['--offline'] })
      const again = await at.run({ registry: registryOf(client, second), requires })
      expect(again).toMatchObject({ code: 0, installed: cold.installed })
    },
    120_000,
  )
}

/** Why a live run says nothing here; undefined when it can be made. */
async function unreachable(address: string | undefined, page: string): Promise<string | undefined> {
  if (process.env.POSTHASTE_TEST_ALL !== '1') return 'only with all tiers: npm run test:all'
  if (address === undefined) return 'the toolchain names no registry'
  return fetch(`${address}/${page}`, { signal: AbortSignal.timeout(10_000) }).then(
    ({ ok, status }) => (ok ? undefined : `the toolchain's registry answers ${status}`),
    (error: Error) => `the toolchain's registry cannot be reached: ${error.message}`,
  )
}
