import { describe, expect, test } from 'bun:test'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { thisMachine } from './machine.ts'
import { npmClient } from './npm-client.ts'
import { npmProjectFolder } from './npm-workspace.ts'

const root = (workspaces: unknown) => JSON.stringify({ name: 'root', workspaces })

async function below<T>(
  files: Readonly<Record<string, string>>,
  cwd: string,
  use: (folder: string, machine: ReturnType<typeof thisMachine>) => Promise<T>,
): Promise<T> {
  await using folder = await temporaryFolder()
  for (const [name, text] of Object.entries({ ...files, [join(cwd, '.keep')]: '' })) {
    await mkdir(dirname(join(folder.path, name)), { recursive: true })
    await writeFile(join(folder.path, name), text)
  }
  const machine = {
    ...thisMachine({ env: {}, cwd: join(folder.path, cwd) }),
    home: join(folder.path, 'home'),
  }
  return await use(folder.path, machine)
}

describe("npm's project from packages/a/src", () => {
  test.each([
    ['a list', root(['packages/*']), 'p'],
    ['its very name', root(['./packages/a/']), 'p'],
    ["Yarn's form", root({ packages: ['packages/*'] }), 'p'],
    ['any depth', root(['packages/**']), 'p'],
    ['excluded and taken back', root(['!packages/a', 'packages/a']), 'p'],
    ['excluded', root(['packages/*', '!packages/a']), 'p/packages/a'],
    ['other folders', root(['apps/*']), 'p/packages/a'],
    ['none', root(undefined), 'p/packages/a'],
    ['no list', root('packages/*'), 'p/packages/a'],
    ['no JSON', '{', 'p/packages/a'],
  ])('under %s', async (_, manifest, expected) => {
    const files = { 'p/package.json': manifest, 'p/packages/a/package.json': '{"name":"a"}' }
    await below(files, 'p/packages/a/src', async (folder, machine) => {
      expect(await npmProjectFolder(machine)).toBe(join(folder, expected))
    })
  })

  test('is that folder where it holds no package', async () => {
    const files = { 'p/package.json': root(['packages/*']), 'p/packages/a/node_modules/x': '' }
    await below(files, 'p/packages/a', async (folder, machine) => {
      expect(await npmProjectFolder(machine)).toBe(join(folder, 'p/packages/a'))
    })
  })
})

test("from a workspace the root's .npmrc is read and written", async () => {
  const files = {
    'p/package.json': root(['packages/*']),
    'p/.npmrc': 'registry=https://root.example/\n@acme:registry=https://acme.example/\n',
    'p/packages/a/package.json': '{"name":"a"}',
    'p/packages/a/.npmrc': 'registry=https://ignored.example/\n',
  }
  await below(files, 'p/packages/a', async (folder, machine) => {
    const plan = await npmClient.plan(
      machine,
      { command: undefined },
      {
        scope: 'project',
        address: 'http://127.0.0.1:7678/npm',
        earlier: [],
        fallback: undefined,
        privatePatterns: [],
        isPublic: () => false,
      },
    )
    if (!plan.possible) throw new Error(plan.reason)
    expect(plan.edits.map(({ path }) => path)).toEqual([join(folder, 'p/.npmrc')])
    expect(plan.previous).toBe('https://root.example/')
    expect(plan.notes.join('\n')).toContain('@acme → acme.example')
  })
})
