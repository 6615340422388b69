import { describe, expect, test } from 'bun:test'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { Journal } from './journal.ts'
import { carryOutUndo, planUndo, spansOf } from './undo-change.ts'

type Step = readonly [client: 'npm' | 'yarn1', before: string | undefined, after: string]

/** A file, in a folder that the first step had to make, after these steps. */
async function written(...steps: readonly Step[]) {
  const folder = await temporaryFolder()
  const home = join(folder.path, 'made')
  const file = join(home, 'rc')
  const journal = new Journal(join(folder.path, 'data'))
  const write = (text: string) => writeFile(file, text, 'latin1')
  await mkdir(home)
  for (const [client, before, after] of steps) {
    const bytes = (text: string | undefined) => (text === undefined ? undefined : Buffer.from(text, 'latin1'))
    const entry = {
      client,
      path: file,
      realPath: file,
      keys: [],
      before: bytes(before),
      after: Buffer.from(after, 'latin1'),
      mode: before === undefined ? undefined : 0o600,
      formerOf: [],
      address: undefined,
      folders: before === undefined ? [home] : [],
    }
    await journal.add(entry, 0)
    await write(after)
  }
  return {
    journal,
    write,
    read: () => readFile(file, 'latin1'),
    folder: () => readdir(folder.path),
    undo: async (client: Step[0]) => {
      const { entries } = await journal.entries()
      const kinds: string[] = []
      for (const span of spansOf(entries.filter((entry) => entry.client === client))) {
        const undo = await planUndo(span, (await journal.entries()).entries)
        kinds.push(undo.kind)
        await carryOutUndo(undo, journal)
      }
      return kinds
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  }
}

describe('a later change of the same file', () => {
  const steps = [
    ['npm', undefined, 'a\n'],
    ['yarn1', 'a\n', 'a\nb\n'],
  ] as const

  test('takes over a file that the earlier one made, and removes it in the end', async () => {
    await using at = await written(...steps)
    expect(await at.undo('npm')).toEqual(['changed'])
    expect(await at.read()).toBe('b\n')
    expect(await at.undo('yarn1')).toEqual(['restore'])
    expect(await at.folder()).toEqual(['data'])
  })

  test('that somebody took out by hand is nothing to undo, once the earlier one is undone', async () => {
    await using at = await written(['npm', 'x\n', 'x\na\n'], ['yarn1', 'x\na\n', 'x\na\nb\n'])
    await at.write('x\na\n')
    expect(await at.undo('npm')).toEqual(['restore'])
    expect(await at.undo('yarn1')).toEqual(['nothing'])
    expect(await at.read()).toBe('x\n')
  })

  test('that was made on what another wrote in between keeps it', async () => {
    await using at = await written(
      ['npm', 'x\n', 'x\na\n'],
      ['yarn1', 'caf\xe9\nx\na\n', 'caf\xe9\nx\na\nb\n'],
    )
    expect(await at.undo('npm')).toEqual(['changed'])
    expect(await at.read()).toBe('caf\xe9\nx\nb\n')
    expect(await at.undo('yarn1')).toEqual(['restore'])
    expect(await at.read()).toBe('caf\xe9\nx\n')
  })

  test('of a file that was gone in between stays as it is', async () => {
    await using at = await written(['npm', 'x\n', 'x\na\n'], ['yarn1', undefined, 'b\n'])
    await at.write('x\na\n')
    expect(await at.undo('npm')).toEqual(['restore'])
    const { entries } = await at.journal.entries()
    expect(entries.map(({ before, after }) => [before, String(after)])).toEqual([[undefined, 'b\n']])
  })

  test('is undone first where it rests on the earlier one', async () => {
    await using at = await written(['npm', 'x\n', 'a\n'], ['yarn1', 'a\n', 'b\n'])
    await expect(at.undo('npm')).rejects.toThrow('a later change of it, by yarn1, rests on this one')
    expect(await at.undo('yarn1')).toEqual(['restore'])
    expect(await at.undo('npm')).toEqual(['restore'])
    expect(await at.read()).toBe('x\n')
  })

  test('and the earlier one, both can be undone after an undo that was cut off', async () => {
    await using at = await written(['npm', 'x\n', 'x\na\n'], ['yarn1', 'x\na\n', 'x\na\nb\n'])
    const { entries } = await at.journal.entries()
    const earlier = entries.filter(({ client }) => client === 'npm')
    await at.undo('npm')
    for (const one of earlier) await at.journal.replace(one)
    expect(await at.undo('yarn1')).toEqual(['restore'])
    expect(await at.undo('npm')).toEqual(['nothing'])
    expect(await at.read()).toBe('x\n')
  })

  test('is no hindrance where it was made after the earlier one had been taken out by hand', async () => {
    await using at = await written(['npm', 'x\n', 'x\na\n'], ['yarn1', 'x\n', 'x\nb\n'])
    await at.write('x\na\n')
    expect(await at.undo('npm')).toEqual(['restore'])
    const { entries } = await at.journal.entries()
    expect(entries.map(({ after }) => String(after))).toEqual(['x\nb\n'])
  })
})
