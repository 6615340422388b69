import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { chmod, chown, cp, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeModule } from '../../lab/synthetic-modules.ts'
import { runLimited } from '../../scripts/testing/run-limited.ts'
import { thisMachine } from '../../src/clients/machine.ts'
import { checkGoProject, type GoProject } from '../../src/verify/go-project.ts'
import { goMissing } from '../clients/go/go-client.ts'
import { type GoUpstream, startGoUpstream } from '../clients/go/go-upstream.ts'
import { isolatedEnv } from '../support/product.ts'
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts'
import { testUnless } from '../support/test-unless.ts'

const lib = makeModule({ path: 'lib.example/Upper', version: 'v1.2.0', files: 3 })
const corp = makeModule({ path: 'corp.example/secret', version: 'v0.1.0' })
const goMod = `module m.example/app\n\ngo 1.21\n\nrequire (\n\t${lib.path} ${lib.version}\n\t${corp.path} ${corp.version}\n)\n`
const goSum = [lib, corp]
  .map((one) => `${one.path} ${one.version} ${one.zipSum}\n${one.path} ${one.version}/go.mod ${one.modSum}\n`)
  .join('')

const mount = (place: string) =>
  spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', place], { timeout: 10_000 }).status === 0
const unmount = (place: string) => spawnSync('umount', ['-l', place], { timeout: 10_000 })

async function reasonNotToMount(): Promise<string | undefined> {
  await using disk = await temporaryFolder('mount')
  if (!mount(disk.path)) return 'no tmpfs can be mounted here'
  unmount(disk.path)
  return undefined
}
const cannotMount = await reasonNotToMount()

let folder: TemporaryFolder
let upstream: GoUpstream
let count = 0
beforeAll(async () => {
  folder = await temporaryFolder('go-project')
  upstream = await startGoUpstream({ modules: [lib, corp] })
  const home = join(folder.path, 'first')
  await mkdir(join(home, 'project'), { recursive: true })
  await writeFile(join(home, 'project', 'go.mod'), goMod)
  await writeFile(join(home, 'project', 'go.sum'), goSum)
  if (goMissing !== undefined) return
  const env = { ...isolatedEnv(home), GOPROXY: upstream.url, GONOSUMDB: '*', GOFLAGS: '-modcacherw' }
  const filled = await runLimited({
    command: 'go',
    args: ['mod', 'download'],
    cwd: join(home, 'project'),
    env: { ...env, GOMODCACHE: join(home, 'go/pkg/mod') },
    limitMs: 60_000,
  })
  if (filled.code !== 0) throw new Error(filled.output)
}, 60_000)
afterAll(async () => {
  await upstream[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
})

const downloads = 'go/pkg/mod/cache/download/lib.example/!upper/@v'

interface Checked {
  readonly project: GoProject | undefined
  /** `id state` of all that is not good. */
  readonly faults: readonly string[]
  readonly text: string
}

/** Changes a copy of the good project and its cache, and looks at it. */
async function checked(
  change: (home: string) => Promise<unknown>,
  env: Readonly<Record<string, string>> = {},
  privatePatterns: readonly string[] = [],
): Promise<Checked> {
  const home = join(folder.path, `copy-${count++}`)
  await cp(join(folder.path, 'first'), home, { recursive: true })
  await change(home)
  const machine = thisMachine({ env: { ...isolatedEnv(home), ...env }, cwd: join(home, 'project') })
  const { signal } = new AbortController()
  const project = await checkGoProject({ machine, command: 'go', privatePatterns, timeoutMs: 30_000, signal })
  const bad = project?.checks.filter(({ state }) => state !== 'good') ?? []
  return {
    project,
    faults: bad.map(({ id, state }) => `${id} ${state}`),
    text: bad.map(({ text, fix }) => `${text}\n${fix}`).join('\n'),
  }
}

const check = testUnless(goMissing)
const nothing = async () => undefined
const writing = (name: string, text: string | Uint8Array) => (home: string) =>
  writeFile(join(home, name), text)

check('a project that is as it should be', async () => {
  const { project, faults } = await checked(nothing)
  expect(faults).toEqual([])
  const cache = project?.checks.find(({ id }) => id === 'module-cache')
  expect(cache?.text).toContain("2 of the project's modules")
})

test('no project: nothing to say, but for Go files without a go.mod', async () => {
  const bare = async (home: string) => rm(join(home, 'project', 'go.mod'))
  expect((await checked(bare)).project).toBeUndefined()
  const found = await checked(async (home) => {
    await bare(home)
    await writeFile(join(home, 'project', 'main.go'), 'package main\n')
  })
  expect(found.faults).toEqual(['go.mod problem'])
})

describe('the files', () => {
  test.each<[string, (home: string) => Promise<unknown>, string, string]>([
    [
      'a go.mod of no grammar',
      writing('project/go.mod', 'module m\nrequire (\n'),
      'go.mod problem',
      'go.mod:',
    ],
    ['a go.mod without a module', writing('project/go.mod', 'go 1.21\n'), 'go.mod problem', 'no module line'],
  ])('%s', async (_, change, fault, words) => {
    const { faults, text } = await checked(change)
    expect(faults).toEqual([fault])
    expect(text).toContain(words)
  })

  const lines = goSum.split('\n')
  for (const [name, text, words] of [
    [
      'no go.sum line for a go.mod',
      lines.filter((line) => !line.includes('v1.2.0/go.mod')).join('\n'),
      'lib.example/Upper v1.2.0/go.mod',
    ],
    [
      'no go.sum line for a zip',
      lines.filter((line) => !line.includes('secret v0.1.0 ')).join('\n'),
      'corp.example/secret v0.1.0',
    ],
    ['a go.sum with a merge conflict', `<<<<<<< HEAD\n${goSum}`, 'line 1 '],
  ] as const) {
    check(name, async () => {
      const found = await checked(writing('project/go.sum', text))
      expect(found.faults).toEqual(['go.sum problem'])
      expect(found.text).toContain(words)
      expect(found.text).toContain('go mod tidy')
    })
  }
})

describe('the module cache', () => {
  const unpacked = 'go/pkg/mod/lib.example/!upper@v1.2.0'
  for (const [name, change, words] of [
    ['an empty zip', writing(`${downloads}/v1.2.0.zip`, ''), 'v1.2.0.zip'],
    [
      'another zip',
      async (home: string) =>
        cp(
          join(home, downloads.replace('lib.example/!upper', 'corp.example/secret'), 'v0.1.0.zip'),
          join(home, downloads, 'v1.2.0.zip'),
        ),
      'v1.2.0.zip',
    ],
    ['an empty go.mod', writing(`${downloads}/v1.2.0.mod`, ''), 'v1.2.0.mod has h1:'],
    ['another go.mod', writing(`${downloads}/v1.2.0.mod`, 'module lib.example/Upper\n\n// '), 'go.sum says'],
    ['an empty .info', writing(`${downloads}/v1.2.0.info`, ''), 'v1.2.0.info is no JSON'],
    ['a wrong .ziphash', writing(`${downloads}/v1.2.0.ziphash`, 'h1:AAAA='), 'go.sum says'],
    ['a folder that was unpacked halfway', writing(`${downloads}/v1.2.0.partial`, ''), 'unpacked halfway'],
    ['a changed file', writing(`${unpacked}/lib.go`, 'package changed\n'), 'was changed since'],
    [
      'a download that was broken off',
      async (home: string) => {
        await rm(join(home, downloads, 'v1.2.0.zip'))
        await writeFile(join(home, downloads, 'v1.2.0.zip12345.tmp'), 'half')
      },
      'fetched halfway',
    ],
  ] as const) {
    check(name, async () => {
      const found = await checked(async (home) => {
        await chmod(join(home, unpacked, 'lib.go'), 0o644)
        await change(home)
      })
      expect(found.faults).toEqual(['module-cache problem'])
      expect(found.text).toContain(words)
      expect(found.text).toContain('go clean -modcache')
    })
  }

  testUnless(goMissing ?? (process.getuid?.() === 0 ? undefined : 'needs root'))(
    "another user's folders",
    async () => {
      const found = await checked((home) => chown(join(home, 'go/pkg/mod/cache/download'), 65534, 65534))
      expect(found.faults).toEqual(['owner warning'])
      expect(found.text).toContain('65534')
    },
  )

  testUnless(goMissing ?? cannotMount)('a full disk', async () => {
    const place = join(folder.path, 'small-disk')
    await mkdir(place)
    expect(mount(place)).toBe(true)
    try {
      const found = await checked(nothing, { GOMODCACHE: place })
      expect(found.faults).toEqual(['disk problem'])
      expect(found.text).toContain('make room')
    } finally {
      unmount(place)
    }
  })
})

describe('the settings', () => {
  for (const [name, env, fault, words] of [
    ['-mod=vendor without a vendor folder', { GOFLAGS: '-mod=vendor' }, 'vendor problem', 'no vendor folder'],
    ['-insecure', { GOFLAGS: '-insecure' }, 'flags problem', "with which 'go get' fails"],
    ['-mod=mod', { GOFLAGS: '-mod=mod' }, 'flags warning', 'by themselves'],
  ] as const) {
    check(name, async () => {
      const found = await checked(nothing, env)
      expect(found.faults).toEqual([fault])
      expect(found.text).toContain(words)
      expect(found.text).toContain('unset GOFLAGS')
    })
  }

  check('a flag of `go env -w` is taken back with `go env -u`', async () => {
    const found = await checked(writing('goenv', 'GOFLAGS=-mod=mod\n'))
    expect(found.faults).toEqual(['flags warning'])
    expect(found.text).toContain('go env -u GOFLAGS')
  })

  check('a vendor folder', async () => {
    const found = await checked((home) => mkdir(join(home, 'project', 'vendor')))
    expect(found.faults).toEqual(['vendor warning'])
  })

  check('a private name that GOPRIVATE does not cover', async () => {
    const gap = await checked(nothing, { GOPRIVATE: 'other.example' }, ['corp.example'])
    expect(gap.faults).toEqual(['private problem'])
    expect(gap.text).toContain('export GOPRIVATE=other.example,corp.example')
    expect((await checked(nothing, { GOPRIVATE: '*.example' }, ['corp.example'])).faults).toEqual([])
    const half = await checked(nothing, { GONOPROXY: 'corp.example' }, ['corp.example'])
    expect(half.faults).toEqual(['private problem'])
    expect(half.text).toContain('go env -w GOPRIVATE=corp.example')
    const own = { GOPRIVATE: 'corp.example', GONOSUMDB: 'other.example' }
    const beside = await checked(nothing, own, ['corp.example'])
    expect(beside.text).toContain('GONOSUMDB does not cover it')
    expect(beside.text).toContain('export GONOSUMDB=other.example,corp.example')
  })

  const newer = (home: string) =>
    writeFile(join(home, 'project', 'go.mod'), goMod.replace('go 1.21', 'go 1.999.1'))
  check('a go line that needs another toolchain', async () => {
    expect((await checked(newer, { GOTOOLCHAIN: 'auto' })).faults).toEqual(['toolchain warning'])
    expect((await checked(newer, { GOTOOLCHAIN: 'local' })).faults).toEqual(['toolchain problem'])
    const off = await checked(newer, { GOTOOLCHAIN: 'auto', GOSUMDB: 'off' })
    expect(off.faults).toEqual(['toolchain problem'])
    expect(off.text).toContain('GOSUMDB=off')
  })
})
