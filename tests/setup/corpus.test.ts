import { describe, expect, test } from 'bun:test'
import { chmod, lstat, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parse as parseYaml } from 'yaml'
import { applyChange } from '../../src/clients/apply-change.ts'
import { sameValue } from '../../src/clients/client.ts'
import { clients } from '../../src/clients/clients.ts'
import { Journal } from '../../src/clients/journal.ts'
import { diffLines } from '../../src/clients/line-diff.ts'
import { type Machine, thisMachine } from '../../src/clients/machine.ts'
import { prepareSetup } from '../../src/clients/prepare-setup.ts'
import { carryOutUndo, planUndo, spansOf } from '../../src/clients/undo-change.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { BASE, BOM, type CorpusCase } from './corpus/corpus-case.ts'
import { npmCases } from './corpus/npm-cases.ts'
import { otherCases } from './corpus/other-cases.ts'
import { pythonCases } from './corpus/python-cases.ts'

const cases = [...npmCases, ...pythonCases, ...otherCases]
const PUBLIC = ['goproxy.cn', 'goproxy.io', 'rsproxy.cn', 'maven.aliyun.com', 'registry.npmmirror.com']

/** A computer with an empty home and no package manager, whose files are real. */
async function scene(one: CorpusCase) {
  const folder = await temporaryFolder('corpus')
  const home = join(folder.path, one.home ?? 'home')
  const project = join(home, 'project')
  await mkdir(project, { recursive: true })
  if (one.scope === 'project') await writeFile(join(project, 'package.json'), '{}')
  for (const [name, text] of Object.entries(one.others ?? {})) {
    await mkdir(dirname(join(home, name)), { recursive: true })
    await writeFile(join(home, name), text)
  }
  const path = join(one.scope === 'project' ? project : home, one.path)
  const real = one.linkTo === undefined ? path : join(home, one.linkTo)
  if (one.content !== undefined) {
    await mkdir(dirname(path), { recursive: true })
    await mkdir(dirname(real), { recursive: true })
    await writeFile(real, one.content)
    if (one.linkTo !== undefined) await symlink(real, path)
    await chmod(real, one.mode ?? 0o644)
  }
  const machine: Machine = {
    ...thisMachine({ env: { HOME: home, PATH: '/nowhere' }, cwd: project }),
    platform: 'linux',
    home,
    etc: join(folder.path, 'etc'),
  }
  return { folder, home, path, real, machine, journal: new Journal(join(folder.path, 'data')) }
}

async function prepare(one: CorpusCase, machine: Machine) {
  const client = clients.find(({ id }) => id === one.client)
  if (client === undefined) throw new Error(`no client ${one.client}`)
  return prepareSetup({
    machine,
    client,
    presence: { command: undefined, ...(one.version && { version: one.version }) },
    wanted: {
      scope: one.scope ?? 'user',
      address: BASE + client.path,
      earlier: [],
      fallback: undefined,
      privatePatterns: [],
      isPublic: (address) => PUBLIC.some((host) => address.includes(host)),
    },
    served: ['go'],
  })
}

/** Every name below a folder with its bytes. */
async function snapshot(folder: string): Promise<Readonly<Record<string, string>>> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true })
  const rows = await Promise.all(
    names.map(async (entry) => {
      const path = join(entry.parentPath, entry.name)
      const content = entry.isFile() ? (await readFile(path)).toString('hex') : ''
      return [path, `${(await lstat(path)).mode.toString(8)} ${content}`] as const
    }),
  )
  return Object.fromEntries(rows.sort())
}

test('the corpus is large, and each of its names is used once', () => {
  expect(cases.length).toBeGreaterThanOrEqual(60)
  expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length)
})

describe('left alone, and said why', () => {
  for (const one of cases.filter(({ refused }) => refused !== undefined)) {
    test(one.name, async () => {
      const { folder, home, machine } = await scene(one)
      await using _ = folder
      const before = await snapshot(home)
      const { outcome } = await prepare(one, machine)
      const refusal = outcome.possible
        ? outcome.edits.find(({ kind }) => kind === 'refused')
        : { kind: 'refused' as const, ...outcome }
      if (refusal?.kind !== 'refused') throw new Error('it was not refused')
      expect(refusal.reason).toMatch(one.refused ?? /-/)
      expect(refusal.hint).not.toBe('')
      expect(await snapshot(home)).toEqual(before)
    })
  }
})

describe('as it is set already, nothing changes', () => {
  for (const one of cases.filter(({ done }) => done)) {
    test(one.name, async () => {
      const { folder, machine } = await scene(one)
      await using _ = folder
      const { outcome } = await prepare(one, machine)
      expect(outcome.possible && outcome.edits.map(({ kind }) => kind)).toEqual(['unchanged'])
    })
  }
})

describe('edited in place, found again, and put back byte for byte', () => {
  for (const one of cases.filter(({ refused, done }) => refused === undefined && !done)) {
    test(one.name, async () => {
      const { folder, home, path, real, machine, journal } = await scene(one)
      await using _ = folder
      const original = await snapshot(home)

      const { outcome, client } = await prepare(one, machine)
      if (!outcome.possible) throw new Error(outcome.reason)
      const [edit] = outcome.edits
      if (edit?.kind !== 'change') throw new Error(`${edit?.kind}: nothing was changed`)
      expect(edit.change.path).toBe(path)
      expect(await snapshot(home)).toEqual(original)
      const options = { journal, client: client.id, scope: one.scope ?? 'user', nowMs: 0 } as const
      await applyChange(edit.change, options)

      const { before, after } = edit.change
      expect(removedLines(before, after)).toBe(one.changes ?? 0)
      const bytes = (await readFile(real)).toString('latin1')
      if (one.content !== undefined) {
        expect((await stat(real)).mode & 0o7777).toBe(one.mode ?? 0o644)
        expect((await lstat(path)).isSymbolicLink()).toBe(one.linkTo !== undefined)
        const old = Buffer.from(one.content).toString('latin1')
        // Go takes a carriage return for a part of the value, so it gets none.
        if (old.includes('\r\n') && one.client !== 'go')
          expect(bytes.replaceAll('\r\n', '')).not.toInclude('\n')
        const mark = Buffer.from(BOM).toString('latin1')
        expect(bytes.startsWith(mark)).toBe(old.startsWith(mark))
      }
      if (path.endsWith('.toml')) expect(() => Bun.TOML.parse(after)).not.toThrow()
      if (/\.ya?ml$/.test(path)) expect(() => parseYaml(after)).not.toThrow()

      const again = await prepare(one, machine)
      if (!again.outcome.possible) throw new Error(again.outcome.reason)
      expect(again.outcome.edits.map(({ kind }) => kind)).toEqual(['unchanged'])
      expect(again.outcome.obstacles).toEqual([])
      expect(sameValue(again.now?.value ?? '', outcome.plan.value)).toBe(true)
      expect(again.outcome.plan.value).toBe(outcome.plan.value)

      const { entries } = await journal.entries()
      for (const span of spansOf(entries)) {
        const undo = await planUndo(span)
        expect(undo.kind).toBe('restore')
        await carryOutUndo(undo, journal)
      }
      expect(await snapshot(home)).toEqual(original)
      expect((await journal.entries()).entries).toEqual([])
    })
  }
})

/** A line end that is added to the last line changes nothing in it. */
function removedLines(before: string, after: string): number {
  const ended = (text: string) =>
    /(^|\n)$/.test(text) ? text : text + (text.includes('\r\n') ? '\r\n' : '\n')
  return diffLines(ended(before), ended(after)).filter(({ kind }) => kind === 'removed').length
}
