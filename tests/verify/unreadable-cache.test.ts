import { describe, expect } from 'bun:test'
import { chmod, chown, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { makeModule } from '../../lab/synthetic-modules.ts'
import { goMissing } from '../clients/go/go-client.ts'
import { isolatedEnv, posthaste } from '../support/product.ts'
import { startProcess } from '../support/spawned.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { testUnless } from '../support/test-unless.ts'
import { faultsOfReport } from './report-schema.ts'

const lib = makeModule({ path: 'lib.example/one', version: 'v1.0.0' })
const other = makeModule({ path: 'lib.example/two', version: 'v1.0.0' })
const isRoot = process.getuid?.() === 0
const NOBODY = 65_534

interface Check {
  readonly id: string
  readonly state: string
  readonly text: string
  readonly fix: string | null
}

interface Made {
  readonly project: string
  readonly cache: string
}

/** A project with two modules in its cache, whole. */
async function made(home: string): Promise<Made> {
  const project = join(home, 'project')
  const cache = join(home, 'modules')
  const files: [string, string | Uint8Array][] = [
    [join(project, 'go.mod'), `module m.example/app\n\ngo 1.21\n\nrequire ${lib.path} ${lib.version}\n`],
    [
      join(project, 'go.sum'),
      [lib, other]
        .map(
          (one) =>
            `${one.path} ${one.version} ${one.zipSum}\n${one.path} ${one.version}/go.mod ${one.modSum}\n`,
        )
        .join(''),
    ],
    ...[lib, other].flatMap(({ path, mod, info, zip, zipSum }): [string, string | Uint8Array][] => {
      const stem = join(cache, 'cache/download', path, '@v/v1.0.0')
      return [
        [`${stem}.mod`, mod],
        [`${stem}.info`, info],
        [`${stem}.zip`, zip],
        [`${stem}.ziphash`, zipSum],
      ]
    }),
  ]
  for (const [name, content] of files) {
    await mkdir(dirname(name), { recursive: true })
    await writeFile(name, content)
  }
  return { project, cache }
}

/** Root reads everything; without its capabilities it is a user like another. */
async function verifiedAsUser({ project, cache }: Made) {
  const home = dirname(project)
  const env = { ...isolatedEnv(home), GOMODCACHE: cache, GOPROXY: 'http://127.0.0.1:9', GOSUMDB: 'off' }
  const line = ['verify', 'go', '--json', '--url', 'http://127.0.0.1:9', '--data', join(home, 'no-data')]
  const [command, ...args] = [...(isRoot ? ['setpriv', '--bounding-set=-all'] : []), posthaste, ...line]
  await using running = startProcess(command ?? '', args, { cwd: project, env })
  const { code } = await running.exited
  expect(running.stderr()).toBe('')
  const report: { project: { checks: Check[] } } = JSON.parse(running.stdout())
  expect(faultsOfReport(report)).toEqual([])
  return { code, checks: report.project.checks.filter(({ state }) => state !== 'good') }
}

const check = testUnless(
  goMissing ?? (isRoot && Bun.which('setpriv') === null ? 'needs setpriv, or no root' : undefined),
)

describe('what cannot be read in the module cache is told with its owner, and the report comes', () => {
  const downloads = 'cache/download/lib.example/one/@v'
  for (const name of [
    `${downloads}/v1.0.0.mod`,
    `${downloads}/v1.0.0.info`,
    `${downloads}/v1.0.0.zip`,
    `${downloads}/v1.0.0.ziphash`,
    downloads,
    'lib.example/two@v1.0.0/go.mod',
  ]) {
    check(name, async () => {
      await using folder = await temporaryFolder('unreadable')
      const project = await made(folder.path)
      const path = join(project.cache, name)
      if (name.endsWith('go.mod')) {
        await mkdir(dirname(path), { recursive: true })
        await writeFile(path, other.mod)
      }
      await chmod(path, 0)
      if (isRoot) await chown(path, NOBODY, NOBODY)
      const { code, checks } = await verifiedAsUser(project)
      const [owner] = checks
      expect([code, owner?.id, owner?.state]).toEqual([1, 'owner', 'problem'])
      expect(owner?.text).toStartWith(`${path} `)
      expect(owner?.text).toContain(' cannot be read')
      if (isRoot) expect(owner?.text).toContain(`it belongs to user ${NOBODY}, and this is user 0`)
      if (isRoot) expect(owner?.fix).toBe('sudo chown -R 0 ~/modules')
      else expect(owner?.fix).toBe('chmod -R u+rwX ~/modules')
      expect(checks.filter(({ id }) => id === 'owner')).toHaveLength(1)
    })
  }

  check('several: the first, and how many more', async () => {
    await using folder = await temporaryFolder('unreadable')
    const project = await made(folder.path)
    for (const path of [lib.path, other.path]) {
      await chmod(join(project.cache, 'cache/download', path, '@v/v1.0.0.mod'), 0)
    }
    const { checks } = await verifiedAsUser(project)
    expect(checks.map(({ id }) => id)).toEqual(['owner'])
    expect(checks[0]?.text).toEndWith('v1.0.0.mod and 1 more cannot be read')
    expect(checks[0]?.fix).toBe('chmod -R u+rwX ~/modules')
  })
})

check('a file where another is expected does not end the report', async () => {
  await using folder = await temporaryFolder('unreadable')
  const project = await made(folder.path)
  await mkdir(join(project.cache, 'cache/download/lib.example/three/@v/v1.0.0.mod'), { recursive: true })
  await writeFile(join(project.project, 'go.sum'), `lib.example/three v1.0.0/go.mod ${lib.modSum}\n`, {
    flag: 'a',
  })
  const { code, checks } = await verifiedAsUser(project)
  expect([code, ...checks.map(({ id }) => id)]).toEqual([1, 'module-cache'])
  expect(checks[0]?.text).toContain('lib.example/three@v1.0.0: EISDIR')
})
