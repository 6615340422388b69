import { expect, test } from 'bun:test'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { applyFixes, goChanges, withChange } from '../../src/cli/doctor-fix.ts'
import { Journal } from '../../src/clients/journal.ts'
import type { Evidence } from '../../src/doctor/evidence.ts'
import { collectSettings } from '../../src/doctor/prepare.ts'
import type { Verdict } from '../../src/doctor/report.ts'
import { judge } from '../../src/doctor/rules/rules.ts'
import { Seen } from '../../src/doctor/seen.ts'
import { Speaker } from '../../src/doctor/text/speak.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { testUnless } from '../support/test-unless.ts'

const off: Verdict = {
  id: 'go.gosumdb_off',
  target: 'GOSUMDB',
  confidence: 'certain',
  title: 'off',
  evidence: [],
  evidenceIds: [],
  control: null,
  cause: null,
  because: null,
  foundIn: null,
  fix: 'Switch it on again:\n$ go env -u GOSUMDB',
}

test('the commands of a fix', () => {
  expect(goChanges('words\n$ go env -w GOPROXY="a|b,direct"\n$ go env -u GOSUMDB\n$ rm -rf /')).toEqual([
    { name: 'GOPROXY', value: 'a|b,direct' },
    { name: 'GOSUMDB', value: undefined },
  ])
})

test.each([
  ['', { name: 'A', value: 'x' }, 'A=x\n'],
  ['B=1\nA=y\nC=2\n', { name: 'A', value: 'x' }, 'B=1\nA=x\nC=2\n'],
  ['B=1\nA=y\n', { name: 'A', value: undefined }, 'B=1\n'],
  ['A=y\n', { name: 'A', value: undefined }, ''],
  ['B=1\n', { name: 'A', value: undefined }, 'B=1\n'],
  ['GOPRIVATE=a\n', { name: 'GOPRIVATE', value: 'b' }, 'GOPRIVATE=a,b\n'],
  ['GOPRIVATE=a,b\n', { name: 'GOPRIVATE', value: 'b' }, 'GOPRIVATE=a,b\n'],
])('%j with %j', (before, change, after) => {
  expect(withChange(before, change)).toBe(after)
})

const needsGo = testUnless(Bun.which('go') === null ? "there is no 'go' command" : undefined)

needsGo('what a fix changes is in the journal, and the rest of the file keeps its bytes', async () => {
  await using folder = await temporaryFolder('fix')
  const file = join(folder.path, '.config/go/env')
  await mkdir(join(folder.path, '.config/go'), { recursive: true })
  await writeFile(file, 'GOFLAGS=-mod=mod\nGOSUMDB=off\n')
  const env = { PATH: process.env.PATH, HOME: folder.path, GOENV: file }
  const options = { env, data: join(folder.path, 'data'), nowMs: 0 }
  expect(await applyFixes([off], options)).toEqual([{ outcome: 'applied', what: 'go env -u GOSUMDB' }])
  expect(await readFile(file, 'utf8')).toBe('GOFLAGS=-mod=mod\n')
  const { entries } = await new Journal(options.data).entries()
  expect(entries.map(({ path, keys }) => [path, keys])).toEqual([[file, ['GOSUMDB']]])
  expect(await applyFixes([off], options)).toMatchObject([{ outcome: 'refused' }])
})

needsGo('the command of a verdict is for the place that holds the value', async () => {
  await using folder = await temporaryFolder('fix')
  const target = {
    url: new URL('https://source.example'),
    role: 'source',
    ecosystem: 'go',
    foundIn: 'x',
  } as const
  const fixFor = async (env: Record<string, string>) => {
    const all = { PATH: process.env.PATH, HOME: folder.path, ...env }
    const evidence = (await collectSettings({ env: all, cwd: folder.path }, [target])).map(
      (fact, index): Evidence => ({ ...fact, id: `e${index}`, target: fact.name, atMs: 0, tookMs: 0 }),
    )
    const findings = judge(new Seen(evidence, [target]), { allowPrivate: [], catalogues: {} })
    return findings.flatMap((finding) => new Speaker('en').verdict(finding, evidence).fix)
  }
  expect(await fixFor({ GOSUMDB: 'off' })).toContain('$ unset GOSUMDB')
  await mkdir(join(folder.path, '.config/go'), { recursive: true })
  await writeFile(join(folder.path, '.config/go/env'), 'GOSUMDB=off\n')
  expect(await fixFor({})).toContain('$ go env -u GOSUMDB')
})

needsGo('what the environment sets is left alone, and said', async () => {
  await using folder = await temporaryFolder('fix')
  const env = { PATH: process.env.PATH, HOME: folder.path, GOSUMDB: 'off' }
  const [result] = await applyFixes([off], { env, data: folder.path, nowMs: 0 })
  expect(result).toMatchObject({ outcome: 'refused', reason: expect.stringContaining('environment') })
})

test('a masked value is never written', async () => {
  const fix = '$ go env -w GOPROXY="https://***@x.example|direct"'
  const [result] = await applyFixes([{ ...off, id: 'go.goproxy_comma', fix }], {
    env: {},
    data: '/nowhere',
    nowMs: 0,
  })
  expect(result).toMatchObject({ outcome: 'refused', reason: expect.stringContaining('credentials') })
})
