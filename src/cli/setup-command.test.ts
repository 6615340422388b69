import { describe, expect, test } from 'bun:test'
import { readdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { scene, served } from './setup-scene.ts'

describe('wrong use', () => {
  test.each([
    ['npn', "there is no client 'npn'; did you mean npm?"],
    ['npm --scope team', "--scope is user or project, not 'team'"],
    ['npm --url ftp://x', '--url is an address'],
    ['npm --url http://h.example/npm', 'without /npm'],
    ['npm --url http://h.example/?q=1', 'no query'],
    ['npm --scope project --url http://u:pw@h.example', 'credentials'],
    ['npm --mirror nobody', "there is no mirror 'nobody' for npm; known: npmmirror"],
    ['npm --mirror taobao', "mirror 'taobao' is retired; use npmmirror"],
    ['npm --mirror npmmirror --url http://h.example', '--url or --mirror'],
    ['npm --json', 'add --yes or --dry-run'],
    ['npm --undo --url http://h.example', '--undo goes with clients only'],
    [
      '--undo --scope project --yes',
      '--undo takes no --scope: it takes back the changes of both; name clients',
    ],
    ['npm --rewrite', "--rewrite goes with 'setup locks'"],
    ['locks --mirror npmmirror', 'takes no --mirror'],
  ])('%s', async (line, message) => {
    await using at = await scene()
    const { code, out, err } = await at.setup(line)
    expect([code, out]).toEqual([64, ''])
    expect(err).toContain(message)
    expect(await at.journal()).toEqual([])
  })
})

describe('what is offered', () => {
  test('without names, what is installed and served', async () => {
    await using at = await scene(['npm', 'pip', 'cargo'])
    const { out } = await at.setup('--dry-run', { served: ['npm', 'go'] })
    expect(out).toContain('npm\n')
    expect(out).not.toContain('pip')
    expect(out).not.toContain('Cargo')
  })

  test('nothing, when nothing fits', async () => {
    await using at = await scene(['cargo'])
    expect(await at.setup('', { served: ['go'] })).toMatchObject({ code: 1, out: '' })
  })

  test('a named one is written though its path is not served, with a warning', async () => {
    await using at = await scene()
    const { code, out } = await at.setup('npm --yes', { served: ['go'] })
    expect(code).toBe(0)
    expect(out).toContain('npm (not installed)')
    expect(out).toContain('! /npm/ is not served yet')
    expect(await at.read('.npmrc')).toBe('registry=http://127.0.0.1:7678/npm/\n')
  })

  test('a registry with an address of its own is led to there', async () => {
    await using at = await scene()
    await at.setup('npm pip --yes --npm-listen 127.0.0.1:7681')
    expect(await at.read('.npmrc')).toBe('registry=http://127.0.0.1:7681/\n')
    expect(await at.read('.config/pip/pip.conf')).toContain('http://127.0.0.1:7678/pypi/simple/')
  })

  test('a mirror in its place is no matter of what is served', async () => {
    await using at = await scene()
    const { out } = await at.setup('npm --yes --mirror npmmirror')
    expect(out).not.toContain('not served')
    expect(await at.read('.npmrc')).toBe('registry=https://registry.npmmirror.com/\n')
  })
})

describe('asking', () => {
  test('no means no', async () => {
    await using at = await scene()
    const asked: string[] = []
    const ask = async (question: string) => asked.push(question) > 1
    expect(await at.setup('npm pip', { ...served, ask })).toMatchObject({ code: 1 })
    expect(asked).toEqual(['\nWrite these changes?'])
    expect([await at.read('.npmrc'), await at.journal()]).toEqual([undefined, []])
  })

  test('yes means yes', async () => {
    await using at = await scene()
    expect(await at.setup('npm', { ...served, ask: async () => true })).toMatchObject({ code: 0 })
    expect(await at.read('.npmrc')).toBeDefined()
  })

  test('with nobody to ask nothing is written', async () => {
    await using at = await scene()
    const { code, err } = await at.setup('npm', served)
    expect([code, await at.read('.npmrc')]).toEqual([1, undefined])
    expect(err).toContain('add --yes')
  })

  test('a dry run writes nothing at all', async () => {
    await using at = await scene()
    await at.write('.npmrc', 'fund=false\n')
    const { code, out } = await at.setup('npm pip uv cargo mvn gradle bun yarn4 pdm go --dry-run', served)
    expect(code).toBe(0)
    expect(out).toContain('+ registry=http://127.0.0.1:7678/npm/')
    expect((await readdir(at.home, { recursive: true })).sort()).toEqual(['.npmrc', 'project'])
  })
})

describe('who stands and falls with Posthaste is told', () => {
  const down = 'no second address: while Posthaste is down'
  test.each([
    ['npm pip uv --dry-run', `npm, pip and uv have ${down}, they fetch nothing new`],
    ['npm go --dry-run', `npm has ${down}, it fetches nothing new`],
  ])('%s', async (line, words) => {
    await using at = await scene()
    expect((await at.setup(line, served)).out).toContain(words)
  })

  test.each(['go --yes', 'npm --yes --mirror npmmirror'])('not after %s', async (line) => {
    await using at = await scene()
    expect((await at.setup(line, served)).out).not.toContain('no second address')
  })

  test('and where nothing changes, nothing is said again', async () => {
    await using at = await scene()
    await at.setup('npm --yes', served)
    expect((await at.setup('npm --yes', served)).out).not.toContain('no second address')
  })
})

describe('what cannot win is said', () => {
  test.each([
    [
      'npm',
      { npm_config_registry: 'https://env.example/' },
      {},
      'npm_config_registry says https://env.example/',
    ],
    [
      'npm',
      {},
      { 'project/.npmrc': 'registry=https://p.example/', 'project/package.json': '{}' },
      '~/project/.npmrc says',
    ],
    [
      'pip',
      { PIP_INDEX_URL: 'https://u:pw12345@env.example/simple' },
      {},
      'PIP_INDEX_URL says https://***@env.example/simple',
    ],
    ['uv', { UV_DEFAULT_INDEX: 'https://env.example' }, {}, 'UV_DEFAULT_INDEX says'],
    ['go', { GOPROXY: 'https://env.example' }, {}, 'GOPROXY says https://env.example'],
    ['yarn4', { YARN_NPM_REGISTRY_SERVER: 'https://env.example' }, {}, 'YARN_NPM_REGISTRY_SERVER says'],
    ['pdm', { PDM_PYPI_URL: 'https://env.example' }, {}, 'PDM_PYPI_URL says'],
    ['bun', { BUN_CONFIG_REGISTRY: 'https://env.example' }, {}, 'BUN_CONFIG_REGISTRY says'],
    [
      'cargo',
      {},
      {
        'project/.cargo/config.toml':
          '[source.crates-io]\nreplace-with="m"\n[source.m]\nregistry="sparse+https://p.example/"\n',
      },
      '~/project/.cargo/config.toml says sparse+https://p.example/',
    ],
    ['pip', { PIP_CONFIG_FILE: '/dev/null' }, {}, 'makes pip read no file at all'],
    ['uv', { UV_NO_CONFIG: '1' }, {}, 'UV_NO_CONFIG makes uv read no file'],
    ['poetry', {}, {}, "Poetry's sources stand in each project's pyproject.toml"],
  ])('%s %j', async (client, env, files, message) => {
    await using at = await scene()
    for (const [path, text] of Object.entries(files)) await at.write(path, text)
    const { code, out } = await at.setup(`${client} --yes`, served, env)
    expect(code).toBe(1)
    expect(out).toContain(message)
  })

  test('a file that PIP_CONFIG_FILE names takes the place of the user’s', async () => {
    await using at = await scene()
    await at.write('corp.conf', '[global]\nindex-url = https://pip.acme.example/simple\n')
    const { code, out } = await at.setup('pip --yes', served, { PIP_CONFIG_FILE: join(at.home, 'corp.conf') })
    expect(code).toBe(1)
    expect(out).toContain("makes pip pass over the user's file")
    expect(await at.read('.config/pip/pip.conf')).toBeUndefined()
  })
})

test('of two clients with one word the one that is installed is meant, and both where none is', async () => {
  await using none = await scene()
  const { out } = await none.setup('yarn --dry-run', served)
  expect(out).toMatch(/^Yarn 1 \(not installed\)\n[\s\S]*^Yarn 4 \(not installed\)\n/m)
})

test('a data folder that cannot be: nothing is written, and the reason is told', async () => {
  await using at = await scene()
  await at.write('data', 'a file')
  const { code, err } = await at.setup('npm --yes', served)
  expect(code).toBe(1)
  expect(err).toContain('~/.npmrc was not written: ENOTDIR')
  expect(await at.read('.npmrc')).toBeUndefined()
})

test('a link to nowhere is left alone', async () => {
  await using at = await scene()
  await symlink('/nowhere/npmrc', join(at.home, '.npmrc'))
  const { code, out } = await at.setup('npm --yes', served)
  expect(code).toBe(1)
  expect(out).toContain('it is a link to /nowhere/npmrc, which is not there')
})

test('JSON holds what a person would see, without secrets', async () => {
  await using at = await scene()
  await at.write(
    '.npmrc',
    '//npm.acme.example/:_authToken=s3cretVALUE\nregistry=https://u:s3cretVALUE@npm.acme.example/\n',
  )
  const { code, out } = await at.setup('npm --yes --json', served)
  expect(code).toBe(0)
  expect(out).not.toContain('s3cret')
  expect(JSON.parse(out)).toMatchObject({
    dryRun: false,
    clients: [
      {
        client: 'npm',
        served: true,
        scope: 'user',
        now: { setter: 'user', where: '~/.npmrc', value: 'https://***@npm.acme.example/' },
        wanted: 'http://127.0.0.1:7678/npm/',
        wins: true,
        files: [{ outcome: 'written', keys: ['registry'] }],
      },
    ],
  })
})
