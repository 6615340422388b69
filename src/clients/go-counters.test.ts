import { expect, test } from 'bun:test'
import { execFileSync } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { turnGoCountersOff } from './go-counters.ts'

const go = Bun.which('go') ?? ''

test.each(['linux', 'darwin', 'win32'] as const)(
  'on %s the mode lies where Go looks for it',
  async (platform) => {
    await using folder = await temporaryFolder()
    const home = { HOME: folder.path, APPDATA: join(folder.path, 'roaming'), XDG_CONFIG_HOME: folder.path }
    await turnGoCountersOff({ platform }, home)
    const places = {
      linux: 'go',
      darwin: 'Library/Application Support/go',
      win32: 'roaming/go',
    }
    expect(await readdir(join(folder.path, places[platform], 'telemetry'))).toEqual(['mode'])
  },
)

test.skipIf(go === '')(
  `Go takes it, and writes nothing there${go === '' ? ' [go is not here]' : ''}`,
  async () => {
    await using folder = await temporaryFolder()
    const home = {
      HOME: folder.path,
      USERPROFILE: folder.path,
      APPDATA: folder.path,
      XDG_CONFIG_HOME: folder.path,
    }
    await turnGoCountersOff(process, home)
    const env = { PATH: process.env.PATH ?? '', GOTOOLCHAIN: 'local', ...home }
    const said = execFileSync(go, ['telemetry'], { env, cwd: folder.path, encoding: 'utf8' })
    expect(said.trim()).toBe('off')
    const files = await readdir(folder.path, { recursive: true })
    expect(files.filter((name) => name.endsWith('.count'))).toEqual([])
  },
)
