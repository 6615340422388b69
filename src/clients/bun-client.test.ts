import { expect, test } from 'bun:test'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { bunClient } from './bun-client.ts'
import { thisMachine } from './machine.ts'

const wanted = {
  scope: 'user' as const,
  address: 'http://127.0.0.1:7678/npm',
  earlier: [],
  fallback: undefined,
  privatePatterns: [],
  isPublic: () => false,
}

test.each([
  [
    '[install]\nregistry = { url = "https://npm.corp.example/", token = "abc" }\n',
    '[install]\nregistry = { url = "http://127.0.0.1:7678/npm/", token = "abc" }\n',
  ],
  [
    'install = { registry = "https://npm.corp.example/" }\n',
    'install = { registry = "http://127.0.0.1:7678/npm/" }\n',
  ],
  [
    '[install.registry]\nurl = "https://npm.corp.example/"\ntoken = "abc"\n',
    '[install.registry]\nurl = "http://127.0.0.1:7678/npm/"\ntoken = "abc"\n',
  ],
])('in %j the address is replaced and remembered', async (before, after) => {
  await using folder = await temporaryFolder()
  await writeFile(join(folder.path, '.bunfig.toml'), before)
  const machine = { ...thisMachine({ env: {}, cwd: folder.path }), home: folder.path }
  const plan = await bunClient.plan(machine, { command: undefined }, wanted)
  if (!plan.possible) throw new Error(plan.reason)
  expect(plan.previous).toBe('https://npm.corp.example/')
  expect(plan.edits[0]?.edit(before)).toEqual({ ok: true, text: after })
})
