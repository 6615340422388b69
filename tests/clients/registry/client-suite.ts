import { describe } from 'bun:test'
import { testUnless } from '../../support/test-unless.ts'
import { clientCases } from './client-cases.ts'
import type { RegistryClient } from './registry-client.ts'
import { type Fixture, registryScene } from './registry-scene.ts'

const limitMs = 300_000
const allTiers = process.env.POSTHASTE_TEST_ALL === '1'

/** Every case for every client on every fixture; clients that are not quick only with all tiers. */
export async function clientSuite(
  clients: readonly RegistryClient[],
  fixtures: readonly Fixture[],
): Promise<void> {
  for (const client of clients) {
    if (!allTiers && !client.isQuick) continue
    const obtained = await client.obtain()
    const reason = 'missing' in obtained ? obtained.missing : undefined
    const title = 'missing' in obtained ? client.id : `${client.id} (${obtained.version})`
    for (const [index, fixture] of (allTiers ? fixtures : fixtures.slice(0, 1)).entries()) {
      // The larger projects differ in the journey, not in how faults are told.
      describe(`${title}, ${fixture.title}`, () => {
        for (const one of clientCases) {
          const excused = one.excused?.(client)
          if (excused !== undefined) continue
          if (index > 0 && !journey.has(one.id)) continue
          testUnless(reason)(
            one.title,
            async () => {
              await using at = await registryScene(client, obtained, fixture)
              await one.run(at)
            },
            limitMs,
          )
        }
      })
    }
  }
}

const journey: ReadonlySet<string> = new Set(['cold', 'warm', 'off', 'lock'])
