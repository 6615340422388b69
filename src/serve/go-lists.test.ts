import { expect, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { loadConfig } from '../config/load-config.ts'
import { goLists, SUMDB_SOURCES } from './go-lists.ts'

/** The public database's name; it is not written in this repository. */
const shipped = spawnSync('go', ['env', 'GOSUMDB'], {
  encoding: 'utf8',
  timeout: 10_000,
  env: { ...process.env, GOENV: 'off', GOSUMDB: '' },
}).stdout?.trim()
const alias = 'https://sum.golang.google.cn'

async function databaseAddresses(sumdb: string, names: readonly string[]): Promise<readonly string[]> {
  const loaded = await loadConfig({
    env: { POSTHASTE_GO_UPSTREAM: 'https://a.example|https://b.example/go', POSTHASTE_GO_SUMDB: sumdb },
    cwd: '/nowhere',
    home: '/nowhere',
    readFile: async () => undefined,
  })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  const list = goLists(loaded.config, loaded.origins, names)[SUMDB_SOURCES] ?? []
  return list.flatMap((step) => (step.kind === 'source' ? [step.url] : []))
}

test.skipIf(!shipped)(
  "with the alias, the sources' own relays are asked by the name that the toolchain knows",
  async () => {
    expect(await databaseAddresses('sum.golang.google.cn', ['other.example', shipped])).toEqual([
      `https://a.example/sumdb/${shipped}`,
      `https://b.example/go/sumdb/${shipped}`,
      alias,
    ])
  },
)

test('with the alias and no name, the alias alone is asked', async () => {
  expect(await databaseAddresses('sum.golang.google.cn', ['other.example'])).toEqual([alias])
})

test.skipIf(!shipped)('an address in the setting takes the place of them all', async () => {
  expect(await databaseAddresses(`${shipped} https://c.example/db`, [shipped])).toEqual([
    'https://c.example/db',
  ])
})
