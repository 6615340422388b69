import { describe, expect, test } from 'bun:test'
import { chmod, chown, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { findFile, missingFolders, replaceFile } from './replace-file.ts'

const bytes = (text: string) => Buffer.from(text)

test('a file keeps its mode, and nothing stays behind', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, '.npmrc')
  await writeFile(path, 'old')
  await chmod(path, 0o640)
  const found = await findFile(path)
  await replaceFile(found, bytes('new'), found.mode ?? 0)
  expect(await readFile(path, 'utf8')).toBe('new')
  expect((await stat(path)).mode & 0o7777).toBe(0o640)
  expect(await readdir(folder.path)).toEqual(['.npmrc'])
})

test('folders that are missing are named, outermost first, and made', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'a', 'b', 'c')
  const found = await findFile(path)
  expect(await missingFolders(join(folder.path, 'a', 'b'))).toEqual([
    join(folder.path, 'a'),
    join(folder.path, 'a', 'b'),
  ])
  await replaceFile(found, bytes('new'), 0o600)
  expect(await missingFolders(join(folder.path, 'a', 'b'))).toEqual([])
  expect((await stat(path)).mode & 0o7777).toBe(0o600)
})

test.skipIf(process.getuid?.() !== 0)(
  'what root writes in a home belongs to its owner [needs root]',
  async () => {
    await using folder = await temporaryFolder()
    const home = join(folder.path, 'home')
    await mkdir(home)
    await chown(home, 4242, 4243)
    const path = join(home, '.config', 'uv', 'uv.toml')
    await replaceFile(await findFile(path), bytes('new'), 0o600)
    for (const one of [join(home, '.config'), join(home, '.config', 'uv'), path]) {
      expect(await stat(one)).toMatchObject({ uid: 4242, gid: 4243 })
    }
  },
)

describe('not to be written', () => {
  test('what is marked read-only, whoever asks', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'managed')
    await writeFile(path, 'old')
    await chmod(path, 0o444)
    expect((await findFile(path)).locked).toBe('it is read-only')
  })

  test.each([
    ['a link to nowhere', (path: string) => symlink('gone', path), 'which is not there'],
    ['a link to itself', (path: string) => symlink(path, path), ''],
    ['a folder', (path: string) => mkdir(path).then(() => undefined), 'it is no file'],
  ])('%s', async (_, make, message) => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'it')
    await make(path)
    await expect(findFile(path)).rejects.toThrow(message)
  })
})

test('when it cannot be replaced, no rest is left', async () => {
  await using folder = await temporaryFolder()
  const realPath = join(folder.path, 'it')
  await mkdir(realPath)
  await expect(replaceFile({ realPath, owner: undefined }, bytes('new'), 0o600)).rejects.toThrow()
  expect(await readdir(folder.path)).toEqual(['it'])
})
