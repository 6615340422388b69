import { describe, expect, test } from 'bun:test'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { effective } from './client.ts'
import { type Machine, thisMachine } from './machine.ts'
import { pipClient } from './pip-client.ts'
import { prepareSetup } from './prepare-setup.ts'

const presence = { command: undefined }
const OURS = 'http://127.0.0.1:7678/pypi/simple'

function wantedOf(address: string) {
  return {
    scope: 'user' as const,
    address,
    earlier: [],
    fallback: undefined,
    privatePatterns: [],
    isPublic: () => false,
  }
}

interface Scene {
  readonly files?: Readonly<Record<string, string>>
  readonly platform?: NodeJS.Platform
  readonly env?: Readonly<Record<string, string>>
}

/** A machine whose files lie below one folder: `home/…` and `etc/…`. */
async function onMachine<T>(scene: Scene, use: (machine: Machine, folder: string) => Promise<T>): Promise<T> {
  await using folder = await temporaryFolder()
  const home = join(folder.path, 'home')
  await mkdir(home)
  for (const [name, text] of Object.entries(scene.files ?? {})) {
    await mkdir(dirname(join(folder.path, name)), { recursive: true })
    await writeFile(join(folder.path, name), text)
  }
  const machine = {
    ...thisMachine({ env: scene.env ?? {}, cwd: home }),
    home,
    etc: join(folder.path, 'etc'),
    platform: scene.platform ?? ('linux' as const),
  }
  return await use(machine, folder.path)
}

describe('the sections of all files', () => {
  const install = '[install]\nindex-url = https://a.example/simple\n'

  test("[install] of the machine's file stands above [global] of the user's, and is told as an obstacle", async () => {
    const files = {
      'etc/pip.conf': install,
      'home/.config/pip/pip.conf': '[global]\nindex-url = https://b.example/simple\n',
    }
    await onMachine({ files }, async (machine) => {
      const layers = await pipClient.read(machine, presence)
      expect(effective(layers)).toMatchObject({ setter: 'system', value: 'https://a.example/simple' })
      expect(effective(layers)?.where).toEndWith('pip.conf [install]')
      const wanted = wantedOf(OURS)
      const setup = await prepareSetup({ machine, client: pipClient, presence, wanted, served: ['pypi'] })
      if (!setup.outcome.possible) throw new Error(setup.outcome.reason)
      expect(setup.outcome.plan.previous).toBe('https://b.example/simple')
      expect(setup.outcome.obstacles.map(({ value }) => value)).toEqual(['https://a.example/simple'])
    })
  })

  test('both of one file are written, and the address that counted is remembered', async () => {
    const text = `[global]\nindex-url = https://b.example/simple\n\n${install}`
    await onMachine({ files: { 'home/.config/pip/pip.conf': text } }, async (machine) => {
      const wanted = wantedOf(OURS)
      const setup = await prepareSetup({ machine, client: pipClient, presence, wanted, served: ['pypi'] })
      if (!setup.outcome.possible) throw new Error(setup.outcome.reason)
      expect(setup.outcome.obstacles).toEqual([])
      expect(setup.outcome.plan.previous).toBe('https://a.example/simple')
      expect(setup.outcome.plan.edits[0]?.edit(text)).toEqual({
        ok: true,
        text: `[global]\nindex-url = ${OURS}/\n\n[install]\nindex-url = ${OURS}/\n`,
      })
    })
  })

  test('a list of trusted hosts of a command gets ours, since pip reads no other for it', async () => {
    await onMachine({}, async (machine) => {
      const plan = await pipClient.plan(machine, presence, wantedOf('http://relay.example:7678/pypi/simple'))
      if (!plan.possible) throw new Error(plan.reason)
      const before = '[global]\nretries = 3\n\n[install]\ntrusted-host = a.example\n'
      expect(plan.edits[0]?.edit(before)).toEqual({
        ok: true,
        text: `[global]
retries = 3
index-url = http://relay.example:7678/pypi/simple/
trusted-host = relay.example:7678

[install]
trusted-host = a.example
    relay.example:7678
`,
      })
    })
  })
})

describe("the user's file on macOS", () => {
  const scene = { platform: 'darwin', env: { XDG_CONFIG_HOME: '/elsewhere' } } as const
  const pathOf = (given: Scene) =>
    onMachine(given, async (machine, folder) => {
      const plan = await pipClient.plan(machine, presence, wantedOf(OURS))
      if (!plan.possible) throw new Error(plan.reason)
      return plan.edits[0]?.path.slice(folder.length + 1)
    })

  test("is the one in the system's own folder where that is", async () => {
    const files = { 'home/Library/Application Support/pip/other': '' }
    expect(await pathOf({ ...scene, files })).toBe('home/Library/Application Support/pip/pip.conf')
  })

  test('else the one below ~/.config, whatever XDG_CONFIG_HOME says', async () => {
    expect(await pathOf(scene)).toBe('home/.config/pip/pip.conf')
    const files = { 'home/Library/Application Support/pip': 'a file' }
    expect(await pathOf({ ...scene, files })).toBe('home/.config/pip/pip.conf')
  })
})
