import { afterAll, beforeAll, expect } from 'bun:test'
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { makeModule } from '../../lab/synthetic-modules.ts'
import { runLimited } from '../../scripts/testing/run-limited.ts'
import { thisMachine } from '../../src/clients/machine.ts'
import { checkGoProject } from '../../src/verify/go-project.ts'
import { goMissing } from '../clients/go/go-client.ts'
import { type GoUpstream, startGoUpstream } from '../clients/go/go-upstream.ts'
import { isolatedEnv } from '../support/product.ts'
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts'
import { testUnless } from '../support/test-unless.ts'

const lib = makeModule({ path: 'lib.example/lib', version: 'v1.2.0' })
const newer = makeModule({ path: 'lib.example/lib', version: 'v1.3.0' })
/** Go reads its go.mod all the same, when it looks for the module of another import. */
const sibling = makeModule({ path: 'sib.example/sib', version: 'v0.1.0' })
const linesOf = (one: typeof lib) => [
  `${one.path} ${one.version} ${one.zipSum}\n`,
  `${one.path} ${one.version}/go.mod ${one.modSum}\n`,
]
const sums = linesOf(lib).join('')

let folder: TemporaryFolder
let upstream: GoUpstream
let count = 0
beforeAll(async () => {
  folder = await temporaryFolder('go-workspace')
  upstream = await startGoUpstream({ modules: [lib, newer, sibling] })
})
afterAll(async () => {
  await upstream[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
}, 60_000)

/** A program that needs a module of the workspace and one of a proxy. */
const whole: Readonly<Record<string, string>> = {
  'go.work': 'go 1.21\n\nuse (\n\t./app // here\n\t"./the sibling"\n)\n',
  'app/go.mod':
    'module m.example/app\n\ngo 1.21\n\nrequire (\n\tsib.example/sib v0.1.0\n\tlib.example/lib v1.2.0\n)\n',
  'app/go.sum': sums,
  'app/main.go':
    'package main\n\nimport (\n\t_ "lib.example/lib"\n\t_ "sib.example/sib"\n)\n\nfunc main() {}\n',
  'the sibling/go.mod': 'module sib.example/sib\n\ngo 1.21\n',
  'the sibling/sib.go': 'package sib\n',
}

/** What is wrong with go.sum by us; and what Go itself says. */
async function checked(
  files: Readonly<Record<string, string>>,
  { env = {}, patterns = [], builds = true }: Settings = {},
) {
  const home = join(folder.path, `home ${count++}`)
  const cwd = join(home, 'app')
  for (const [name, text] of Object.entries({ ...whole, ...files })) {
    await mkdir(dirname(join(home, name)), { recursive: true })
    await writeFile(join(home, name), text)
  }
  const named = Object.entries(env).map(([name, value]) => [name, value.replace('HOME', home)])
  const all = {
    ...isolatedEnv(home),
    GOMODCACHE: join(home, 'modules'),
    GOPROXY: upstream.url,
    GOFLAGS: '-modcacherw',
    GONOSUMDB: '*',
    ...Object.fromEntries(named),
  }
  const machine = thisMachine({ env: all, cwd: cwd })
  const { signal } = new AbortController()
  const options = { machine, command: 'go', privatePatterns: patterns, timeoutMs: 30_000, signal }
  const project = await checkGoProject(options)
  const go = (...args: string[]) => runLimited({ command: 'go', args, cwd: cwd, env: all, limitMs: 60_000 })
  const faults = project?.checks.filter(({ state, id }) => state !== 'good' && id !== 'disk') ?? []
  return { faults, home, go, builds: builds && (await go('list', '-deps', './...')).code === 0 }
}

interface Settings {
  readonly env?: Readonly<Record<string, string>>
  readonly patterns?: readonly string[]
  /** Whether Go is asked, which fills its cache and go.work.sum. */
  readonly builds?: boolean
}

const check = testUnless(goMissing)

const without: Readonly<Record<string, string>> = { 'app/go.sum': '' }
const goods: readonly (readonly [string, Readonly<Record<string, string>>, Settings?])[] = [
  ['a module of the workspace needs no hash', {}],
  ['hashes in go.work.sum', { ...without, 'go.work.sum': sums }],
  ["hashes in a sibling's go.sum", { ...without, 'the sibling/go.sum': sums }],
  [
    'a sibling that asks for a newer version, which is built then',
    {
      'app/go.sum': linesOf(lib)[1] ?? '',
      'the sibling/go.mod': 'module sib.example/sib\n\ngo 1.21\n\nrequire lib.example/lib v1.3.0\n',
      'the sibling/go.sum': linesOf(newer).join(''),
    },
  ],
  [
    'what go.work replaces by a folder',
    {
      ...without,
      'go.work': `${whole['go.work']}\nreplace lib.example/lib => ./local\n`,
      'local/go.mod': 'module lib.example/lib\n',
      'local/lib.go': 'package lib\n',
    },
  ],
  [
    'GOWORK names the file',
    { 'elsewhere/go.work': 'go 1.21\nuse ../app\nuse "../the sibling"\n', 'go.work': 'go 1.21\n' },
    { env: { GOWORK: 'HOME/elsewhere/go.work' } },
  ],
]
for (const [name, files, settings] of goods) {
  check(`as it should be: ${name}`, async () => {
    const { faults, builds } = await checked(files, settings)
    expect(faults).toEqual([])
    expect(builds).toBe(true)
  })
}

const bads: readonly (readonly [string, Readonly<Record<string, string>>, string, Settings?])[] = [
  ['GOWORK=off', {}, 'go.sum has no hash for sib.example/sib', { env: { GOWORK: 'off' } }],
  [
    'the project is not in the workspace',
    { 'go.work': 'go 1.21\nuse "./the sibling"\n' },
    'go.sum has no hash for sib.example/sib',
  ],
  [
    'a line of go.work.sum that is none',
    { 'go.work.sum': `${sums}<<<<<<< HEAD\n` },
    '../go.work.sum line 3 is not',
  ],
]
for (const [name, files, words, settings] of bads) {
  check(`a problem: ${name}`, async () => {
    const { faults, builds } = await checked(files, settings)
    expect(faults.map(({ id, state }) => `${id} ${state}`)).toEqual(['go.sum problem'])
    expect(faults[0]?.text).toContain(words)
    expect(builds).toBe(false)
  })
}

check('no file has the hash: Go takes it and writes it into go.work.sum', async () => {
  const { faults, builds, home } = await checked(without)
  expect(faults.map(({ id, state }) => `${id} ${state}`)).toEqual(['go.sum warning'])
  expect(faults[0]?.text).toContain(
    'neither ../go.work.sum nor a go.sum of the workspace has a hash for lib.example/lib v1.2.0/go.mod',
  )
  expect(builds).toBe(true)
  expect(await readFile(join(home, 'go.work.sum'), 'utf8')).toContain(sums)
})

check('the remedy for a missing hash helps', async () => {
  const { faults, go, home } = await checked(without, { builds: false })
  const [program, ...args] = faults[0]?.fix.split(' ') ?? []
  expect(program).toBe('go')
  expect(await go(...args)).toMatchObject({ code: 0 })
  expect(await readFile(join(home, 'go.work.sum'), 'utf8')).toContain(sums)
})

check('a private module of the workspace is asked of nobody', async () => {
  const { faults } = await checked({}, { patterns: ['sib.example'] })
  expect(faults).toEqual([])
})

check('the module cache is held against all the hashes', async () => {
  const { home, builds } = await checked({ ...without, 'go.work.sum': sums })
  expect(builds).toBe(true)
  await cp(join(home, 'app/go.mod'), join(home, 'modules/cache/download/lib.example/lib/@v/v1.2.0.mod'))
  const machine = thisMachine({
    env: { ...isolatedEnv(home), GOMODCACHE: join(home, 'modules') },
    cwd: join(home, 'app'),
  })
  const { signal } = new AbortController()
  const options = { machine, command: 'go', privatePatterns: [], timeoutMs: 30_000, signal }
  const checks = (await checkGoProject(options))?.checks ?? []
  expect(checks.find(({ id }) => id === 'module-cache')?.text).toContain('v1.2.0.mod has h1:')
})
