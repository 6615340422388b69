import { describe, expect, test } from 'bun:test'
import type { Machine } from '../../clients/machine.ts'
import { chooseProxy } from '../route.ts'
import type { Target } from '../target.ts'
import { type ClientQuestion, readClientSettings } from './client-settings.ts'

type Files = Readonly<Record<string, string>>

/** A machine of these files, below /home/me unless they begin with a slash. */
function machineOf(files: Files, env: Machine['env'] = {}, commands: readonly string[] = []): Machine {
  const home = '/home/me'
  return {
    platform: 'linux',
    env: { HOME: home, ...env },
    home,
    cwd: '/nowhere/project',
    etc: '/nowhere/etc',
    readText: async (path) => files[path.replace(`${home}/`, '')],
    which: async (command) => (commands.includes(command) ? `/bin/${command}` : undefined),
    run: async () => ({ ok: false, stdout: '', stderr: '' }),
  }
}

const source = (host: string, ecosystem: Target['ecosystem'], more: Partial<Target> = {}): Target => ({
  url: new URL(`https://${host}/`),
  role: 'source',
  ecosystem,
  foundIn: 'a test',
  ...more,
})

const ecosystemOf: Readonly<Record<string, Target['ecosystem']>> = {
  pip: 'pypi',
  uv: 'pypi',
  poetry: 'pypi',
  cargo: 'cargo',
  mvn: 'maven',
  gradle: 'maven',
}

async function read(files: Files, question: Partial<ClientQuestion> = {}, env: Machine['env'] = {}) {
  const { words = [], targets = words.map((word) => source('m.example', ecosystemOf[word] ?? 'npm')) } =
    question
  return readClientSettings({ words, targets, env, machine: machineOf(files, env), ...question })
}

async function chosen(word: string, files: Files, env: Machine['env'] = {}, address = 'https://m.example/') {
  const { routeTo } = await read(files, { words: [word] }, env)
  const choice = chooseProxy(new URL(address), routeTo(new URL(address)))
  return choice.outcome === 'proxy'
    ? `${choice.proxy.scheme}://${choice.proxy.host}:${choice.proxy.port} (${choice.foundIn})`
    : choice.outcome
}

const environment = { HTTPS_PROXY: 'http://e.example:9' }
const properties = 'systemProp.https.proxyHost=p.example\nsystemProp.https.proxyPort=3128\n'
const exempt = (name: string) => `${properties}systemProp.http.nonProxyHosts=${name}\n`
const maven = (more: string) =>
  `<settings><proxies><proxy><host>p.example</host><port>1</port>${more}</proxy></proxies></settings>`

describe('the proxy that a client takes', () => {
  test.each([
    ['npm', { '.npmrc': 'proxy=http://p.example:1\n' }, {}, 'http://p.example:1 (proxy in ~/.npmrc:1)'],
    [
      'npm',
      { '.npmrc': 'proxy=http://p.example:1\nhttps-proxy=http://q.example:2\n' },
      environment,
      'http://q.example:2 (https-proxy in ~/.npmrc:2)',
    ],
    ['npm', { '.npmrc': 'proxy=null\n' }, environment, 'http://e.example:9 (HTTPS_PROXY)'],
    ['npm', { '.npmrc': 'proxy=http://p.example:1\nnoproxy=m.example\n' }, {}, 'direct'],
    [
      'npm',
      { '.npmrc': `proxy=$${'{PX-http://p.example:1}'}\n` },
      {},
      'http://p.example:1 (proxy in ~/.npmrc:1)',
    ],
    [
      'npm',
      { '.npmrc': 'https-proxy=http://p.example:1\n' },
      { npm_config_https_proxy: 'http://v.example:3' },
      'http://v.example:3 (npm_config_https_proxy)',
    ],
    [
      'yarn1',
      { '.yarnrc': 'proxy "http://p.example:1"\n' },
      { NO_PROXY: '*' },
      'http://p.example:1 (proxy in ~/.yarnrc:1)',
    ],
    [
      'yarn4',
      { '.yarnrc.yml': 'a: 1\nhttpsProxy: "http://p.example:1"\n' },
      environment,
      'http://p.example:1 (httpsProxy in ~/.yarnrc.yml:2)',
    ],
    ['yarn4', {}, environment, 'direct'],
    ['bun', { '.npmrc': 'proxy=http://p.example:1\n' }, environment, 'http://e.example:9 (HTTPS_PROXY)'],
    [
      'pip',
      { '.config/pip/pip.conf': '[global]\nproxy = p.example:1\n' },
      { ...environment, NO_PROXY: '*' },
      'http://p.example:1 (global.proxy in ~/.config/pip/pip.conf:2)',
    ],
    [
      'pip',
      { '.config/pip/pip.conf': '[global]\nproxy = p.example:1\n[install]\nproxy = q.example:2\n' },
      {},
      'http://q.example:2 (install.proxy in ~/.config/pip/pip.conf:4)',
    ],
    [
      'pip',
      { '.config/pip/pip.conf': '[global]\nproxy = p.example:1\n' },
      { PIP_PROXY: 'v.example:3' },
      'http://v.example:3 (PIP_PROXY)',
    ],
    [
      'uv',
      { '.config/uv/uv.toml': 'https-proxy = "http://p.example:1"\n' },
      {},
      'http://p.example:1 (https-proxy in ~/.config/uv/uv.toml:1)',
    ],
    [
      'uv',
      { '.config/uv/uv.toml': 'https-proxy = "http://p.example:1"\n' },
      environment,
      'http://e.example:9 (HTTPS_PROXY)',
    ],
    [
      'uv',
      {
        '.config/uv/uv.toml': 'https-proxy = "http://p.example:1"\nno-proxy = ["a.example", "m.example"]\n',
      },
      {},
      'direct',
    ],
    ['poetry', {}, environment, 'http://e.example:9 (HTTPS_PROXY)'],
    [
      'cargo',
      { '.cargo/config.toml': '[http]\nproxy = "p.example"\n' },
      environment,
      'http://p.example:1080 (http.proxy in ~/.cargo/config.toml:2)',
    ],
    [
      'cargo',
      { '.gitconfig': '[user]\n\tname = me\n[http]\n\tproxy = http://g.example:4\n' },
      environment,
      'http://g.example:4 (http.proxy in ~/.gitconfig:4)',
    ],
    [
      'cargo',
      { '.cargo/config.toml': '[http]\nproxy = "socks5://p.example:1"\n' },
      { CARGO_HTTP_PROXY: 'v.example:3' },
      'http://v.example:3 (CARGO_HTTP_PROXY)',
    ],
    ['mvn', { '.m2/settings.xml': maven('') }, {}, 'http://p.example:1 (<proxy> in ~/.m2/settings.xml:1)'],
    ['mvn', { '.m2/settings.xml': maven('<nonProxyHosts>m.example</nonProxyHosts>') }, {}, 'direct'],
    ['mvn', { '.m2/settings.xml': maven('<active>false</active>') }, environment, 'direct'],
    [
      'gradle',
      { '.gradle/gradle.properties': properties },
      environment,
      'http://p.example:3128 (systemProp.https.proxyHost in ~/.gradle/gradle.properties:1)',
    ],
    ['gradle', { '.gradle/gradle.properties': exempt('*.example') }, {}, 'direct'],
    ['gradle', { '.gradle/gradle.properties': `#${properties}` }, environment, 'direct'],
  ])('%s with %j and %j goes by %s', async (word, files, env, expected) => {
    expect(await chosen(word, files as unknown as Files, env)).toBe(expected)
  })

  test('for plain http Maven and Gradle have another one', async () => {
    const plain = 'http://m.example/'
    const files = { '.gradle/gradle.properties': properties }
    expect(await chosen('gradle', files, {}, plain)).toBe('direct')
    expect(await chosen('mvn', { '.m2/settings.xml': maven('<protocol>https</protocol>') }, {}, plain)).toBe(
      'direct',
    )
  })

  test('a value that is no address is unusable, also one with a bare percent sign', async () => {
    for (const value of ['gopher://p.example', 'http://me:50%@p.example:1'])
      expect(await chosen('npm', { '.npmrc': `proxy=${value}\n` })).toBe('unusable')
  })
})

test('of several clients each has its own hosts; the rest goes by the variables', async () => {
  const files = {
    '.config/pip/pip.conf': '[global]\nproxy = p.example:1\n',
    '.cargo/config.toml': '[http]\nproxy = "c.example:2"\n',
  }
  const targets = [
    source('py.example', 'pypi', { role: 'client', client: 'pip' }),
    source('rs.example', 'cargo'),
  ]
  const { routeTo, spares } = await read(files, { words: ['pip', 'cargo'], targets }, environment)
  const hostFor = (host: string) => {
    const url = new URL(`https://${host}/`)
    const choice = chooseProxy(url, routeTo(url))
    return choice.outcome === 'proxy' ? choice.proxy.host : choice.outcome
  }
  expect(['py.example', 'rs.example', 'elsewhere.example'].map(hostFor)).toEqual([
    'p.example',
    'c.example',
    'e.example',
  ])
  expect(spares).toEqual([])
})

describe('where nobody named a client', () => {
  const files = { '.config/pip/pip.conf': '[global]\nproxy = p.example:1\n' }
  const question = (targets: readonly Target[], commands: readonly string[]) => ({
    targets,
    machine: machineOf(files, {}, commands),
  })

  test('addresses are gone to as this program goes, and a proxy of a client that is here is tried beside', async () => {
    const { routeTo, spares } = await read(files, question([source('m.example', 'pypi')], ['pip']))
    const url = new URL('https://m.example/')
    expect(chooseProxy(url, routeTo(url)).outcome).toBe('direct')
    expect(spares.map(({ url: toward }) => toward.href)).toEqual(['https://m.example/'])
  })

  test('clients that are not here, or fetch something else, do not count', async () => {
    expect((await read(files, question([source('m.example', 'pypi')], ['npm']))).spares).toEqual([])
    expect((await read(files, question([source('m.example', 'npm')], ['pip', 'npm']))).spares).toEqual([])
  })
})

test('a broken file is said once, with its line, though two clients read it', async () => {
  const files = { '.cargo/config.toml': '[http]\nproxy = "x\n', '.npmrc': 'proxy=http://a:b@c@p.example:1\n' }
  const { facts } = await read(files, { words: ['npm', 'pnpm', 'cargo'] })
  expect(facts.map(({ problem, name, client }) => [problem, name, client])).toEqual([
    ['config.broken', '~/.cargo/config.toml:2', 'Cargo'],
    ['proxy.credentials', 'proxy in ~/.npmrc:1', undefined],
  ])
  expect(JSON.stringify(facts)).not.toContain('b@c')
})

test('a client that reads no variables is told so, unless Java has a proxy by itself', async () => {
  const problems = async (env: Machine['env']) =>
    (await read({}, { words: ['mvn'] }, env)).facts.map(({ problem }) => problem)
  expect(await problems(environment)).toEqual(['proxy.ignored'])
  expect(await problems({ ...environment, MAVEN_OPTS: '-Dhttps.proxyHost=p' })).toEqual([])
  expect(await problems({})).toEqual([])
})

test('the file that sets a variable is named', async () => {
  const files = { '.bashrc': '# mine\nexport HTTPS_PROXY=http://e.example:9\n' }
  expect(await chosen('npm', files, environment)).toBe('http://e.example:9 (HTTPS_PROXY, set in ~/.bashrc:2)')
})
