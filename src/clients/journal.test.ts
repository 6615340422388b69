import { describe, expect, test } from 'bun:test'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { Journal } from './journal.ts'

const change = (path: string) =>
  ({
    client: 'npm',
    path,
    realPath: path,
    keys: ['registry'],
    before: undefined,
    after: Buffer.from('registry=https://a.example/\n'),
    mode: undefined,
    formerOf: ['npm'],
    address: 'https://a.example/',
    folders: [],
  }) as const

describe('entries', () => {
  test('of setups that run at the same time are all kept, each under a number of its own', async () => {
    await using folder = await temporaryFolder()
    const paths = Array.from({ length: 8 }, (_, n) => `/home/rc${n}`)
    const added = await Promise.all(paths.map((path) => new Journal(folder.path).add(change(path), 0)))
    const { entries } = await new Journal(folder.path).entries()
    expect(entries.map(({ path }) => path).sort()).toEqual(paths)
    expect(entries.map(({ id }) => id).sort()).toEqual(added.map(({ id }) => id).sort())
    const files = await readdir(join(folder.path, 'journal', 'setup'))
    expect(files.sort()).toEqual(paths.map((_, n) => `00000${n + 1}-npm.json`))
  })

  test('come back as they were added', async () => {
    await using folder = await temporaryFolder()
    const added = await new Journal(folder.path).add(change('/home/rc'), 1_000)
    expect(added).toEqual({ ...change('/home/rc'), id: '000001-npm', at: '1970-01-01T00:00:01.000Z' })
    expect((await new Journal(folder.path).entries()).entries).toEqual([added])
  })

  test('are kept on a disk without hard links', async () => {
    await using folder = await temporaryFolder()
    const link = () => Promise.reject(Object.assign(new Error('EPERM'), { code: 'EPERM' }))
    const journal = new Journal(folder.path, link)
    for (const path of ['/home/a', '/home/b']) await journal.add(change(path), 0)
    const { entries } = await journal.entries()
    expect(entries.map(({ path }) => path)).toEqual(['/home/b', '/home/a'])
  })

  test('that cannot be placed leave nothing behind, and say why', async () => {
    await using folder = await temporaryFolder()
    const link = () => Promise.reject(Object.assign(new Error('no room'), { code: 'ENOSPC' }))
    await expect(new Journal(folder.path, link).add(change('/home/a'), 0)).rejects.toThrow('no room')
    expect(await readdir(join(folder.path, 'journal', 'setup'))).toEqual([])
  })

  test('that cannot be read are told beside those that can', async () => {
    await using folder = await temporaryFolder()
    const journal = new Journal(folder.path)
    const added = await journal.add(change('/home/rc'), 0)
    const file = join(journal.folder, '000009-pip.json')
    await mkdir(file)
    const { entries, unreadable } = await journal.entries()
    expect(entries).toEqual([added])
    expect(unreadable).toEqual([{ file, reason: expect.stringContaining('EISDIR') }])
  })
})
