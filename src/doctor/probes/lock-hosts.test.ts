import { expect, test } from 'bun:test'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { thisMachine } from '../../clients/machine.ts'
import { temporaryFolder } from '../../testing/temporary-folder.ts'
import { checkLockHosts } from './lock-hosts.ts'

async function factsOf(files: Readonly<Record<string, string | Uint8Array>>, cwd: string) {
  await using folder = await temporaryFolder()
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder.path, name)
    await mkdir(join(path, '..'), { recursive: true })
    await writeFile(path, content)
  }
  const env = { PATH: process.env.PATH, HOME: join(folder.path, 'home') }
  return await checkLockHosts(thisMachine({ env, cwd: join(folder.path, cwd) }), [])
}

const lock = JSON.stringify({
  lockfileVersion: 3,
  packages: {
    'node_modules/@s/a': { version: '1.0.0', resolved: 'https://scope.example/@s/a/-/a-1.0.0.tgz' },
  },
})

test('a scope that the workspace root names is known in the workspace', async () => {
  const files = {
    'package.json': '{"workspaces":["packages/*"]}',
    '.npmrc': '@s:registry=https://scope.example/\n',
    'packages/a/package.json': '{}',
    'packages/a/package-lock.json': lock,
  }
  expect(await factsOf(files, 'packages/a')).toEqual([])
  expect(await factsOf({ ...files, '.npmrc': '' }, 'packages/a')).toMatchObject([
    { problem: 'npm.lock_hosts', detail: 'scope.example (1) / 1' },
  ])
})

test('a lock file that cannot be read is said to be broken, and the others are looked at', async () => {
  const files = {
    'package.json': '{}',
    'package-lock.json': new Uint8Array([0xff, 0xfe, 0x00]),
    'other/yarn.lock': 'a@1:\n  resolved "https://old.example/a/-/a-1.0.0.tgz#abc"\n',
  }
  expect(await factsOf(files, '.')).toMatchObject([
    { problem: 'config.broken', name: expect.stringContaining('package-lock.json'), client: 'npm' },
    { problem: 'npm.lock_hosts', name: expect.stringContaining('other/yarn.lock') },
  ])
})
