import { expect } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { launchProduct, startProduct } from './support/product.ts'
import { temporaryFolder } from './support/temporary-folder.ts'
import { testUnless } from './support/test-unless.ts'

/** A tiny disk of its own, which goes with the scope. */
async function tinyDisk() {
  const folder = await temporaryFolder('disk')
  const path = join(folder.path, 'disk')
  await mkdir(path)
  const mount = (...args: string[]) => spawnSync('mount', [...args, path], { timeout: 10_000 }).status === 0
  return {
    path,
    isMounted: mount('-t', 'tmpfs', '-o', 'size=256k', 'tmpfs'),
    makeReadOnly: () => mount('-o', 'remount,ro'),
    [Symbol.asyncDispose]: async () => {
      spawnSync('umount', ['-l', path], { timeout: 10_000 })
      await folder[Symbol.asyncDispose]()
    },
  }
}

async function reasonToSkip(): Promise<string | undefined> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'only root can mount a tiny disk'
  await using disk = await tinyDisk()
  return disk.isMounted ? undefined : 'no tmpfs can be mounted here'
}

const testOnTinyDisk = testUnless(await reasonToSkip())
const env = { POSTHASTE_GO_UPSTREAM: 'http://127.0.0.1:9', POSTHASTE_GO_SUMDB: 'off' }

testOnTinyDisk('a data folder on a full disk is told with the fix, and exit code 1', async () => {
  await using disk = await tinyDisk()
  await writeFile(join(disk.path, 'filler'), Buffer.alloc(400_000)).catch(() => undefined)
  await using product = launchProduct({ dataDir: join(disk.path, 'data'), env })
  expect(await product.exited).toEqual({ code: 1, signal: undefined })
  expect(product.stderr()).toMatch(
    /^posthaste serve: cannot .*\/data.*(full|no space).*\n +Free some room on this disk/,
  )
})

testOnTinyDisk('a new data folder on a read-only disk is told with the fix, and exit code 1', async () => {
  await using disk = await tinyDisk()
  expect(disk.makeReadOnly()).toBe(true)
  await using product = launchProduct({ dataDir: join(disk.path, 'data'), env })
  expect(await product.exited).toEqual({ code: 1, signal: undefined })
  expect(product.stderr()).toMatch(
    /^posthaste serve: cannot .*\/data.*read-only.*\n +The disk is mounted read-only/,
  )
})

testOnTinyDisk('a kept data folder on a disk that became read-only is served, and ends cleanly', async () => {
  await using disk = await tinyDisk()
  const dataDir = join(disk.path, 'data')
  await mkdir(join(dataDir, 'packs'), { recursive: true })
  await writeFile(join(dataDir, 'packs', 'note'), 'something to read')
  await writeFile(join(dataDir, 'server.json'), '{}')
  expect(disk.makeReadOnly()).toBe(true)
  await using product = await startProduct({ dataDir, env })
  expect((await fetch(`${product.url}/readyz`)).status).toBe(200)
  expect(await product.stop()).toEqual({ code: 0, signal: undefined })
})
