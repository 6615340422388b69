import { expect, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { loadConfig } from '../config/load-config.ts'
import { createNoteSigner } from '../ecosystems/go/sumdb/note-signer.ts'
import { maskedAddress, type SourceList } from '../upstream/source-list.ts'
import { GO_SOURCES, goLists, SUMDB_SOURCES } from './go-lists.ts'

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

const NAME = 'sumdb.example'
const KEY = createNoteSigner(NAME, new Uint8Array(32).fill(3)).key

async function listsFor(
  settings: Record<string, string>,
  origin?: string,
): Promise<ReturnType<typeof goLists>> {
  const loaded = await loadConfig({
    env: { POSTHASTE_GO_SUMDB: 'off', ...settings },
    cwd: '/nowhere',
    home: '/nowhere',
    readFile: async () => undefined,
  })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  return goLists(loaded.config, loaded.origins, [], origin)
}

const short = (list: SourceList = []) =>
  list.map((step) => (step.kind === 'source' ? `${step.id}${step.next ?? ''}` : step.kind))

test.each([
  ['https://a.example', ['a.example']],
  ['https://a.example,direct', ['a.example,', 'direct']],
  ['https://a.example|https://b.example/go/,off', ['a.example|', 'b.example/go,', 'off']],
  ['https://a.example,direct,https://b.example', ['a.example,', 'direct']],
  ['direct', ['direct']],
  ['off', ['off']],
  ['http://127.0.0.1:9480', ['127.0.0.1:9480']],
  ['file:///srv/modules', ['file:///srv/modules']],
])('the modules of %s', async (upstream, expected) => {
  const lists = await listsFor({ POSTHASTE_GO_UPSTREAM: upstream })
  expect(short(lists[GO_SOURCES])).toEqual(expected)
  expect(lists[SUMDB_SOURCES]).toBeUndefined()
})

test('the source that the toolchain brings along is the origin, wherever it stands', async () => {
  const upstream = 'https://mirror.example|https://origin.example/,direct'
  const { [GO_SOURCES]: list = [] } = await listsFor(
    { POSTHASTE_GO_UPSTREAM: upstream },
    'https://origin.example',
  )
  expect(list.flatMap((step) => (step.kind === 'source' ? [step.origin] : []))).toEqual([false, true])
})

test('two sources that differ in their scheme alone have ids of their own', async () => {
  const upstream = 'https://a.example|http://a.example'
  const { [GO_SOURCES]: list } = await listsFor({ POSTHASTE_GO_UPSTREAM: upstream })
  expect(short(list)).toEqual(['a.example|', 'http://a.example'])
})

test('each source says where it was found', async () => {
  const [source] = (await listsFor({ POSTHASTE_GO_UPSTREAM: 'https://a.example' }))[GO_SOURCES] ?? []
  expect(source).toMatchObject({ foundIn: 'POSTHASTE_GO_UPSTREAM', origin: false })
})

test('the database is asked at every source that may relay it, each once, then at its own address', async () => {
  const lists = await listsFor({
    POSTHASTE_GO_UPSTREAM: 'https://a.example/,https://b.example/go|https://a.example,direct',
    POSTHASTE_GO_SUMDB: KEY,
  })
  expect((lists[SUMDB_SOURCES] ?? []).map((step) => (step.kind === 'source' ? step.url : step.kind))).toEqual(
    [`https://a.example/sumdb/${NAME}`, `https://b.example/go/sumdb/${NAME}`, `https://${NAME}`],
  )
  expect(short(lists[SUMDB_SOURCES]).every((step) => step.endsWith('|'))).toBe(true)
})

test('without a source the database is asked at its own address', async () => {
  const lists = await listsFor({ POSTHASTE_GO_UPSTREAM: 'direct', POSTHASTE_GO_SUMDB: KEY })
  expect(short(lists[SUMDB_SOURCES])).toEqual([`${NAME}|`])
})

test('credentials go to the relay of their own source, and into no id', async () => {
  const lists = await listsFor({
    POSTHASTE_GO_UPSTREAM: 'https://ann:s3cret@a.example,https://b.example',
    POSTHASTE_GO_SUMDB: KEY,
  })
  const steps = Object.values(lists).flat()
  const sources = steps.flatMap((step) => (step.kind === 'source' ? [step] : []))
  expect(sources.filter(({ url }) => url.includes('s3cret')).map(({ id }) => id)).toEqual([
    'a.example',
    `a.example/sumdb/${NAME}`,
  ])
  expect(sources.map(({ id }) => id).join()).not.toContain('ann')
  expect(sources.map(({ url }) => maskedAddress(url)).join()).not.toContain('s3cret')
})

test('a database that is off has no list', async () => {
  expect(Object.keys(await listsFor({ POSTHASTE_GO_UPSTREAM: 'https://a.example' }))).toEqual([GO_SOURCES])
})
