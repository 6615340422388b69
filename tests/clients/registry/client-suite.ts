import { afterAll, describe } from 'bun:test'
import { testUnless } from '../../support/test-unless.ts'
import { clientCases } from './client-cases.ts'
import type { Fixture } from './fixture.ts'
import type { Obtained } from './obtain-client.ts'
import type { RegistryClient } from './registry-client.ts'
import { registryScene } from './registry-scene.ts'
import { type CaseResult, writeResults } from './results.ts'

const limitMs = 300_000
const allTiers = process.env.POSTHASTE_TEST_ALL === '1'
const renewsResults = process.env.POSTHASTE_CLIENTS_RESULTS === '1'

/**
 * Every case for a client on the first fixture, and all but those about the form of addresses on the others.
 * Without all tiers: the quick clients on the first fixture.
 */
export async function clientSuite(client: RegistryClient, fixtures: readonly Fixture[]): Promise<void> {
  const runs = allTiers || client.isQuick
  const obtained: Obtained = runs
    ? await client.obtain()
    : { missing: 'only with all tiers: npm run test:all' }
  const missing = 'missing' in obtained ? obtained.missing : undefined
  const version = 'missing' in obtained ? '' : obtained.version
  const told = { client: client.id, ...(missing === undefined ? { version } : { missing }) }
  const results: CaseResult[] = []
  for (const fixture of allTiers ? fixtures : fixtures.slice(0, 1)) {
    describe(`${client.id} ${version}, ${fixture.title}`, () => {
      for (const one of casesFor(client, fixture === fixtures[0])) {
        const note = (outcome: CaseResult['outcome'], said: string) =>
          results.push({ case: one.id, fixture: fixture.title, outcome, note: said })
        const body = async () => {
          try {
            await using at = await registryScene(client, obtained, fixture)
            note('passed', await one.run(at))
          } catch (error) {
            note('failed', error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error))
            throw error
          }
        }
        testUnless(missing)(one.title, body, limitMs)
      }
      const titles = fixtures.map(({ title }) => title)
      if (renewsResults && allTiers) afterAll(() => writeResults({ ...told, day: today(), results }, titles))
    })
  }
}

/** The cases that say something for a client. */
export function casesFor(client: RegistryClient, isFirstFixture: boolean) {
  return clientCases.filter(
    (one) => one.excused?.(client) === undefined && (isFirstFixture || !isAboutAddresses.has(one.id)),
  )
}

function today(): string {
  return new Date().toISOString().slice(0, 10)
}

const isAboutAddresses: ReadonlySet<string> = new Set(['lock-root', 'lock-canonical', 'lock-canonical-path'])
