import { afterEach, expect } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { mkdir, readdir, readFile, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setupCommand } from '../../src/cli/setup-command.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { testUnless } from '../support/test-unless.ts'

const NPMRC = '# mine\nregistry=https://npm.acme.example/\n'
const mounted: string[] = []
const mount = (place: string) => {
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', place], {
    timeout: 10_000,
  })
  if (status === 0) mounted.push(place)
  return status === 0
}
const unmountAll = () => {
  for (const place of mounted.splice(0)) spawnSync('umount', ['-l', place], { timeout: 10_000 })
}
afterEach(unmountAll)

async function reasonNotToMount(): Promise<string | undefined> {
  await using disk = await temporaryFolder('mount')
  const reason = mount(disk.path) ? undefined : 'no tmpfs can be mounted here'
  unmountAll()
  return reason
}
const onFullDisk = testUnless(await reasonNotToMount())

/** A home and a data folder, one of them on a disk without room. */
async function run(full: 'home' | 'data') {
  const folder = await temporaryFolder('full')
  const [home, data] = [join(folder.path, 'home'), join(folder.path, 'data')]
  await mkdir(home)
  await mkdir(data)
  const disk = full === 'home' ? home : data
  if (!mount(disk)) throw new Error('it could be mounted a moment ago')
  await writeFile(join(home, '.npmrc'), NPMRC)
  const { bavail, bsize } = await statfs(disk)
  await writeFile(join(disk, 'filler'), new Uint8Array(bavail * bsize))
  const before = await readdir(home, { recursive: true })
  const said = { out: '', err: '' }
  const io = {
    stdout: { write: (text: string) => (said.out += text) },
    stderr: { write: (text: string) => (said.err += text) },
    env: { HOME: home, PATH: '/nowhere' },
    cwd: home,
  }
  const code = await setupCommand(['npm', 'uv', '--yes', '--data', data], io, { ask: undefined })
  return { folder, home, data, before, code, ...said }
}

for (const full of ['home', 'data'] as const) {
  onFullDisk(`no room in the ${full} folder: nothing is changed, and that is said`, async () => {
    const { folder, home, data, before, code, err } = await run(full)
    await using _ = folder
    try {
      expect(err).toContain('ENOSPC')
      expect(code).toBe(1)
      expect(await readFile(join(home, '.npmrc'), 'utf8')).toBe(NPMRC)
      expect(await readdir(home, { recursive: true })).toEqual(before)
      const kept = await readdir(join(data, 'journal'), { recursive: true }).catch(() => [])
      expect(kept.filter((name) => name !== 'setup')).toEqual([])
    } finally {
      unmountAll()
    }
  })
}
