import { expect, test } from 'bun:test'
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { thisMachine } from './machine.ts'

test('a command is the first file on the PATH that may be run; a folder of its name is none', async () => {
  await using folder = await temporaryFolder()
  const folders = ['folder', 'plain', 'dangling', 'linked', 'real'].map((name) => join(folder.path, name))
  const [asFolder = '', plain = '', dangling = '', linked = '', real = ''] = folders
  await Promise.all(folders.map((one) => mkdir(one)))
  await mkdir(join(asFolder, 'npm'))
  await writeFile(join(plain, 'npm'), '#!/bin/sh\n', { mode: 0o644 })
  await symlink(join(folder.path, 'nowhere'), join(dangling, 'npm'))
  await writeFile(join(real, 'npm'), '#!/bin/sh\n')
  await chmod(join(real, 'npm'), 0o755)
  await symlink(join(real, 'npm'), join(linked, 'npm'))
  const which = (PATH: string) => thisMachine({ env: { PATH }, cwd: folder.path }).which('npm')
  expect(await which(folders.join(delimiter))).toBe(join(linked, 'npm'))
  expect(await which([asFolder, plain].join(delimiter))).toBeUndefined()
  expect(await which(['.', 'real', '', real].join(delimiter))).toBe(join(real, 'npm'))
})
