import { describe, expect, test } from 'bun:test'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { environmentLayer, unsetting } from './environment.ts'
import { type Machine, thisMachine } from './machine.ts'

function machine(
  env: Readonly<Record<string, string>>,
  files: Readonly<Record<string, string>> = {},
): Machine {
  return {
    ...thisMachine({ env, cwd: '/' }),
    home: '/home/u',
    etc: '/etc',
    readText: async (path) => files[path],
  }
}

describe('who set a variable', () => {
  test.each([
    ['/home/u/.bashrc', '# x\nexport PIP_INDEX_URL=https://a.example\n', '~/.bashrc:2'],
    ['/home/u/.zshrc', '  PIP_INDEX_URL="x"; export PIP_INDEX_URL\n', '~/.zshrc:1'],
    ['/home/u/.config/fish/config.fish', 'set -gx PIP_INDEX_URL x\n', '~/.config/fish/config.fish:1'],
    ['/home/u/.profile', 'export PIP_INDEX_URL=a\nexport PIP_INDEX_URL=b\n', '~/.profile:2'],
    ['/etc/environment', 'PIP_INDEX_URL=https://a.example\n', '/etc/environment:1'],
  ])('%s', async (file, text, where) => {
    const layer = await environmentLayer(machine({ PIP_INDEX_URL: 'x' }, { [file]: text }), ['PIP_INDEX_URL'])
    expect(layer).toEqual({ setter: 'environment', where: `PIP_INDEX_URL, set in ${where}`, value: 'x' })
  })

  test.each([
    ['etc/profile.d/corp.sh', 'export GOPROXY=https://a.example\n'],
    ['ho me/.config/environment.d/50-go.conf', '# go\nGOPROXY=https://a.example\n'],
  ])('%s, one of several there', async (file, text) => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, file)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, text)
    await writeFile(join(dirname(path), '10-other.sh'), 'export GOPROXY_2=x\n')
    const [home, etc] = [join(folder.path, 'ho me'), join(folder.path, 'etc')]
    const real = { ...thisMachine({ env: { GOPROXY: 'x' }, cwd: folder.path }), home, etc }
    const line = text.split('\n').findIndex((one) => one.includes('GOPROXY')) + 1
    const { where } = await environmentLayer(real, ['GOPROXY'])
    expect(where).toBe(`GOPROXY, set in ${path.replace(home, '~')}:${line}`)
  })

  test.each(['# export PIP_INDEX_URL=x\n', 'export PIP_INDEX_URL_2=x\n', 'export MY_PIP_INDEX_URL=x\n'])(
    'not by %j',
    async (text) => {
      const layer = await environmentLayer(machine({ PIP_INDEX_URL: 'x' }, { '/home/u/.bashrc': text }), [
        'PIP_INDEX_URL',
      ])
      expect(layer.where).toBe('PIP_INDEX_URL')
    },
  )

  test('an empty variable is as one that is not set', async () => {
    expect((await environmentLayer(machine({ A: '' }), ['A'])).value).toBeUndefined()
  })

  test('the first of several names counts, and npm takes any case', async () => {
    const env = { NPM_Config_Registry: 'any', YARN_REGISTRY: 'y' }
    const names = ['npm_config_registry', 'YARN_REGISTRY']
    expect((await environmentLayer(machine(env), names, { anyCase: true })).value).toBe('any')
    expect((await environmentLayer(machine(env), names)).value).toBe('y')
  })

  test("a shell's file that cannot be read leaves the origin unknown", async () => {
    const blind = { ...machine({ A: 'x' }), readText: async () => Promise.reject(new Error('EACCES')) }
    expect((await environmentLayer(blind, ['A'])).where).toBe('A')
  })
})

test('a variable is taken back in this shell, and in those to come', () => {
  expect(unsetting('GOPROXY')).toBe('unset GOPROXY')
  expect(unsetting('GOPROXY, set in ~/.bashrc:2')).toBe(
    'take GOPROXY out of ~/.bashrc:2, then: unset GOPROXY',
  )
})
