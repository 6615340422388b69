import { expect, test } from 'bun:test'
import { lstat, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { writeAtomically } from './write-atomically.ts'

test('a file is replaced whole, with its mode, and nothing stays behind', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'a.yaml')
  await writeFile(path, 'old', { mode: 0o640 })
  await writeAtomically(path, 'new')
  expect(await readFile(path, 'utf8')).toBe('new')
  expect((await stat(path)).mode & 0o777).toBe(0o640)
  expect(await readdir(folder.path)).toEqual(['a.yaml'])
})

test('a link stays a link', async () => {
  await using folder = await temporaryFolder()
  const [real, link] = [join(folder.path, 'real.yaml'), join(folder.path, 'link.yaml')]
  await writeFile(real, 'old')
  await symlink(real, link)
  await writeAtomically(link, 'new')
  expect((await lstat(link)).isSymbolicLink()).toBe(true)
  expect(await readFile(real, 'utf8')).toBe('new')
})

test('a missing folder is made, and the new file is for its owner only', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'deep', 'er', 'a.yaml')
  await writeAtomically(path, 'new')
  expect((await stat(path)).mode & 0o777).toBe(0o600)
})

test('when it cannot be replaced, the old one stands and no rest is left', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'a.yaml')
  await mkdir(path)
  await expect(writeAtomically(path, 'new')).rejects.toThrow()
  expect((await stat(path)).isDirectory()).toBe(true)
  expect(await readdir(folder.path)).toEqual(['a.yaml'])
})
