import { expect, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isolatedEnv, posthaste } from './support/product.ts'
import { temporaryFolder } from './support/temporary-folder.ts'

test('without a server, cache stats counts the quarantine, and a verify counts as a scrub', async () => {
  await using folder = await temporaryFolder('cache')
  const cache = (...args: string[]) => {
    const flags = ['--data', 'data', '--json']
    const options = { cwd: folder.path, env: isolatedEnv(folder.path), timeout: 30_000 }
    return JSON.parse(spawnSync(posthaste, ['cache', ...args, ...flags], options).stdout.toString())
  }
  await mkdir(join(folder.path, 'data', 'quarantine'), { recursive: true })
  await writeFile(join(folder.path, 'data', 'quarantine', '000001700000000-aabbccddeeff.bin'), 'wrong bytes')
  expect(cache('stats')).toMatchObject({ quarantined: 1, quarantineBytes: 11 })
  expect(cache('stats').lastScrubAtMs).toBeUndefined()
  expect(cache('verify')).toEqual({ objects: 0, bytes: 0, findings: [] })
  expect(cache('stats').lastScrubAtMs).toBeGreaterThan(0)
})
