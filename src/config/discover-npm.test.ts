import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { type DiscoverNpmOptions, discoverNpm, npmSettings } from './discover-npm.ts'

const listen = [{ host: '127.0.0.1', port: 7678 }]
const ours = 'http://localhost:7678/npm/'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'posthaste-discover-'))
})
afterAll(() => rm(folder, { recursive: true }))

interface Scene {
  /** What `npm config list --json` says. */
  readonly settings?: Readonly<Record<string, unknown>>
  readonly journal?: string
  /** The body of the `npm` script; by default it answers as npm does. */
  readonly script?: string
  readonly options?: Partial<DiscoverNpmOptions>
}

/** Answers as npm: the settings in force, or with empty files and no variables what is built in. */
const honest = `
case "$*" in
  'config list --json') cat "$ROOT/settings.json" ;;
  'config get registry --userconfig='*' --globalconfig='*) env | grep -qi ^npm_config_ && exit 1; echo https://built.example/ ;;
  *) echo "unexpected: $*" >&2; exit 1 ;;
esac
`

let scenes = 0
async function discover(scene: Scene = {}) {
  const root = join(folder, `${scenes++}`)
  const [bin, temporary, journal] = [join(root, 'bin'), join(root, 'tmp'), join(root, 'data', 'journal')]
  for (const path of [bin, temporary, journal]) await mkdir(path, { recursive: true })
  await writeFile(join(bin, 'npm'), `#!/bin/sh\nROOT='${root}'\n${scene.script ?? honest}`, { mode: 0o755 })
  await writeFile(
    join(root, 'settings.json'),
    JSON.stringify(scene.settings ?? { registry: 'https://built.example/' }),
  )
  if (scene.journal !== undefined) await writeFile(join(journal, 'npm.json'), scene.journal)
  const env = {
    PATH: `${bin}${delimiter}/usr/bin${delimiter}/bin`,
    npm_config_registry: 'https://set.example/',
  }
  return discoverNpm({ env, listen, data: join(root, 'data'), local: [], ...scene.options })
}

test("npm's own registry is the source, and it is told when that is the built-in one", async () => {
  const found = await discover()
  expect(found).toEqual({
    found: true,
    registry: { value: 'https://built.example', origin: 'npm config (built in)' },
    scopes: [],
    originAddress: 'https://built.example',
    notes: [],
  })
  expect(npmSettings(found)).toEqual([
    { key: 'npm.upstream', value: ['https://built.example'], origin: 'npm config (built in)' },
  ])
  expect(await discover({ settings: { registry: 'https://mirror.example/npm/' } })).toMatchObject({
    registry: { value: 'https://mirror.example/npm', origin: 'npm config (registry)' },
    originAddress: 'https://built.example',
  })
})

test('scopes have registries of their own', async () => {
  const found = await discover({
    settings: {
      registry: 'https://built.example/',
      '@corp:registry': 'https://npm.corp.example/',
      '@us:registry': ours,
      '@bad:registry': 'nonsense',
      'replace-registry-host': 'npmjs',
    },
  })
  expect(found).toMatchObject({
    scopes: [{ scope: '@corp', url: 'https://npm.corp.example', foundIn: 'npm config (@corp:registry)' }],
    notes: [expect.stringContaining('@us'), expect.stringContaining('@bad')],
  })
})

describe('our own address is never a source', () => {
  const settings = { registry: ours }
  test('what was set before takes its place', async () => {
    const journal = JSON.stringify({ registry: 'https://before.example/npm/' })
    const found = await discover({ settings, journal })
    expect(found).toMatchObject({
      registry: { value: 'https://before.example/npm' },
      notes: [expect.stringContaining('https://before.example/npm')],
    })
  })

  const journals: readonly (string | undefined)[] = [
    undefined,
    '{"regis',
    '[]',
    '{"registry":7}',
    JSON.stringify({ registry: ours }),
  ]
  for (const journal of journals) {
    test(`else what is built in (journal: ${journal})`, async () => {
      const found = await discover({ settings, ...(journal === undefined ? {} : { journal }) })
      expect(found).toMatchObject({
        registry: { value: 'https://built.example', origin: 'npm config (built in)' },
      })
    })
  }

  const places: readonly [registry: string, options: Partial<DiscoverNpmOptions>][] = [
    ['http://127.0.0.1:7679/', { listen: [...listen, { host: '127.0.0.1', port: 7679 }] }],
    ['http://npm.corp.example:7678/', { host: 'npm.corp.example' }],
    ['http://127.0.0.1:49152/npm/', { listen: [{ host: '127.0.0.1', port: 0 }] }],
  ]
  for (const [registry, options] of places) {
    test(`in any form: ${registry}`, async () => {
      expect(await discover({ settings: { registry }, options })).toMatchObject({
        registry: { value: 'https://built.example' },
      })
      expect(await discover({ settings: { registry } })).toMatchObject({
        registry: { value: registry.replace(/\/$/, '') },
      })
    })
  }

  test('with nothing in its place there is none', async () => {
    const script = honest.replace('echo https://built.example/', `echo ${ours}`)
    const found = await discover({ settings, script })
    expect(found).toMatchObject({ registry: undefined, notes: [expect.stringContaining('set npm.upstream')] })
    expect(npmSettings(found)).toEqual([])
  })
})

describe('what can go wrong is said and never thrown', () => {
  const table: readonly [string, Scene, RegExp][] = [
    ['no npm', { options: { command: 'npm-that-is-not-there' } }, /no 'npm-that-is-not-there' command/],
    [
      'a failure',
      { script: 'echo "npm warn old" >&2; echo "npm error bad" >&2; exit 1' },
      /failed: npm error bad/,
    ],
    ['no JSON', { script: 'echo hello' }, /not JSON/],
    ['no object', { script: 'echo "[]"' }, /no object/],
    ['a hang', { script: 'exec sleep 30', options: { timeoutMs: 200 } }, /no answer within 200 ms/],
    ['too much', { script: 'yes | head -c 9000000' }, /maxBuffer/],
  ]
  for (const [what, scene, reason] of table) {
    test(what, async () => {
      expect(await discover(scene)).toEqual({ found: false, reason: expect.stringMatching(reason) })
    })
  }
})

test('npm runs in an empty folder with a project of its own, which is removed', async () => {
  const script = `ls -a > "$ROOT/listed.$2"; pwd > "$ROOT/folder.$2"; ${honest}`
  const found = await discover({ script })
  expect(found.found).toBe(true)
  const root = join(folder, `${scenes - 1}`)
  expect((await Bun.file(join(root, 'listed.list')).text()).split('\n')).toEqual([
    '.',
    '..',
    'package.json',
    '',
  ])
  const used = (await Bun.file(join(root, 'folder.list')).text()).trim()
  expect([used.includes('posthaste-npm-config-'), existsSync(used)]).toEqual([true, false])
})
