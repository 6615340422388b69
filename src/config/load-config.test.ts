import { describe, expect, test } from 'bun:test'
import { type LoadOptions, type LoadResult, loadConfig } from './load-config.ts'
import { formatProblem } from './problem.ts'
import { settings } from './schema.ts'

interface Scene extends Partial<LoadOptions> {
  readonly files?: Readonly<Record<string, string>>
}

function load({ files = {}, ...options }: Scene = {}): Promise<LoadResult> {
  return loadConfig({
    env: {},
    cwd: '/work-folder',
    home: '/home/ann',
    platform: 'linux',
    readFile: async (path) => files[path],
    ...options,
  })
}

async function loaded(scene: Scene) {
  const result = await load(scene)
  if (!result.ok) throw new Error(result.problems.map(formatProblem).join('\n'))
  return result
}

async function problems(scene: Scene): Promise<string[]> {
  const result = await load(scene)
  return result.ok ? [] : result.problems.map(formatProblem)
}

const here = '/work-folder/posthaste.yaml'
const yaml = (text: string): Scene => ({ files: { [here]: text } })

describe('defaults', () => {
  test('everything has one', async () => {
    const { config, origins, file, warnings } = await loaded({})
    expect(config.listen).toEqual({ host: '127.0.0.1', port: 7678 })
    expect(config.data).toBe('/home/ann/.local/share/posthaste')
    expect(config.cache.maxBytes).toBe(20 * 2 ** 30)
    expect(config.go.ttl).toEqual({
      listMs: 60_000,
      latestMs: 60_000,
      queryMs: 60_000,
      missMs: 30_000,
      treeHeadMs: 30_000,
    })
    expect(config.upstream.budgetMs).toBe(10_000)
    expect(Object.keys(origins)).toEqual(settings.map(({ key }) => key))
    expect(new Set(Object.values(origins))).toEqual(new Set(['default', 'as go.private']))
    expect(file).toBeUndefined()
    expect(warnings).toEqual([])
  })

  test.each([
    ['linux', { XDG_DATA_HOME: '/xdg' }, '/xdg/posthaste'],
    ['linux', { XDG_DATA_HOME: 'relative' }, '/home/ann/.local/share/posthaste'],
    ['darwin', {}, '/home/ann/Library/Application Support/posthaste'],
  ] as const)('the data folder on %s with %p', async (platform, env, folder) => {
    expect((await loaded({ platform, env })).config.data).toBe(folder)
  })

  test('go.nosumdb follows go.private', async () => {
    const { config } = await loaded({ env: { POSTHASTE_GO_PRIVATE: '*.corp.example, x.example' } })
    expect(config.go.nosumdb).toEqual(['*.corp.example', 'x.example'])
  })
})

describe('precedence', () => {
  const layers: Scene = {
    flags: { 'go-upstream': 'https://flag.example' },
    env: { POSTHASTE_GO_UPSTREAM: 'https://variable.example' },
    files: { [here]: 'go:\n  upstream: https://file.example\n' },
    discovered: [{ key: 'go.upstream', value: 'https://found.example', origin: 'go env' }],
  }
  const { flags: _flags, ...noFlags } = layers
  const { env: _env, ...noVariables } = noFlags
  const { files: _files, ...onlyFound } = noVariables
  test.each([
    ['a flag', layers, 'https://flag.example', '--go-upstream'],
    ['then a variable', noFlags, 'https://variable.example', 'POSTHASTE_GO_UPSTREAM'],
    ['then the file', noVariables, 'https://file.example', 'posthaste.yaml:2:13'],
    ['then what was found', onlyFound, 'https://found.example', 'go env'],
    ['then the default', {}, undefined, 'default'],
  ] as const)('%s wins', async (_, scene: Scene, value, origin) => {
    const { config, origins } = await loaded(scene)
    expect(config.go.upstream).toBe(value)
    expect(origins['go.upstream']).toBe(origin)
  })

  test('an empty variable counts as not set, and [] is the empty list', async () => {
    const discovered = [{ key: 'go.private', value: ['a.example'], origin: 'go env' }]
    expect((await loaded({ discovered, env: { POSTHASTE_GO_PRIVATE: '' } })).config.go.private).toEqual([
      'a.example',
    ])
    expect((await loaded({ discovered, env: { POSTHASTE_GO_PRIVATE: '[]' } })).config.go.private).toEqual([])
  })

  test('what was found and cannot be used is a warning, and the default stays', async () => {
    const discovered = [{ key: 'go.upstream', value: 'ftp://a.example', origin: 'go env' }]
    const { config, warnings } = await loaded({ discovered })
    expect(config.go.upstream).toBeUndefined()
    expect(warnings.map(formatProblem)[0]).toStartWith('go env: go.upstream: expected a GOPROXY list')
  })

  test('every setting can be given as a variable, and all but secrets as a flag', async () => {
    expect(settings.find(({ key }) => key === 'go.proofWaitMs')).toMatchObject({
      variable: 'POSTHASTE_GO_PROOF_WAIT_MS',
      flag: 'go-proof-wait-ms',
    })
    expect(settings.filter(({ flag }) => flag === undefined).map(({ key }) => key)).toEqual([
      'admin.token',
      'access.tokens',
      'upstream.credentials',
    ])
    expect((await loaded({ env: { POSTHASTE_GO_PROOF_WAIT_MS: '5s' } })).config.go.proofWaitMs).toBe(5000)
    expect((await loaded({ flags: { offline: true, help: true } })).config.offline).toBe(true)
  })

  test("a setting's example is accepted", async () => {
    for (const { key, setting } of settings) {
      const parts = key.split('.')
      const text = parts.map((part, depth) => `${'  '.repeat(depth)}${part}:`).join('\n')
      expect(await problems(yaml(`${text} ${setting.example}`))).toEqual([])
    }
  })
})

describe('the file', () => {
  const platformFile = '/home/ann/.config/posthaste/posthaste.yaml'
  const [a, b, c] = ['log: json', 'log: off', 'log: text']

  test('--config wins over POSTHASTE_CONFIG, the working folder and the platform folder', async () => {
    const files = { '/work-folder/my.yaml': a, [here]: b, [platformFile]: c }
    const asked = await loaded({ files, flags: { config: 'my.yaml' }, env: { POSTHASTE_CONFIG: here } })
    expect([asked.config.log, asked.file]).toEqual(['json', '/work-folder/my.yaml'])
    expect((await loaded({ files, env: { POSTHASTE_CONFIG: '/work-folder/my.yaml' } })).config.log).toBe(
      'json',
    )
    expect((await loaded({ files })).file).toBe(here)
    const last = await loaded({ files: { [platformFile]: 'log: json' } })
    expect([last.file, last.origins.log]).toEqual([platformFile, `${platformFile}:1:6`])
  })

  test('a file that was asked for must be there', async () => {
    expect(await problems({ flags: { config: 'gone.yaml' } })).toEqual([
      '--config: there is no file /work-folder/gone.yaml',
    ])
    expect(await problems({ env: { POSTHASTE_CONFIG: '/gone' } })).toEqual([
      'POSTHASTE_CONFIG: there is no file /gone',
    ])
  })

  test.each([
    ['npm: {listen: 127.0.0.1:80}\nlisten: 127.0.0.1:80', "npm.listen: '127.0.0.1:80' is taken by listen"],
    ['pypi: {listen: 127.0.0.1:7678}', "pypi.listen: '127.0.0.1:7678' is taken by listen"],
    ['npm: {host: A.example}\npypi: {host: a.example}', "pypi.host: 'a.example' is taken by npm.host"],
  ])('two registries share no door: %s', async (text, message) => {
    expect(await problems(yaml(text))).toEqual([expect.stringContaining(message)])
  })

  test('any free port is no door that is taken', async () => {
    expect(await problems(yaml('npm: {listen: 127.0.0.1:0}\nlisten: 127.0.0.1:0'))).toEqual([])
  })

  test.each(['/etc', '.', '..'])('a folder named as the file (%s) is told as one', async (config) => {
    const readFile = () =>
      Promise.reject(Object.assign(new Error('EISDIR: illegal operation'), { code: 'EISDIR' }))
    const [problem] = await problems({ readFile, flags: { config }, cwd: '/etc/conf' })
    expect(problem).toMatch(/^\/etc(\/conf)?: this is a folder \(name the file in it\)$/)
  })

  test('a file that cannot be read is a problem', async () => {
    const readFile = () => Promise.reject(new Error('EACCES: permission denied'))
    expect(await problems({ readFile })).toEqual([
      'posthaste.yaml: cannot be read: EACCES: permission denied',
    ])
  })

  test('paths are relative to the file, in a variable to the working folder', async () => {
    const files = { '/etc/ph/p.yaml': 'data: store\nupstream: {caFile: ca.pem}' }
    const { config } = await loaded({ files, flags: { config: '/etc/ph/p.yaml' } })
    expect([config.data, config.upstream.caFile]).toEqual(['/etc/ph/store', '/etc/ph/ca.pem'])
    expect((await loaded({ env: { POSTHASTE_DATA: 'store' } })).config.data).toBe('/work-folder/store')
  })

  test.each([
    ['nothing', ''],
    ['only comments', '# listen: x\n'],
    ['a group whose lines are commented out', 'cache:\n#  maxBytes: 1GiB\n'],
    ['a key without a value', 'listen:\n'],
  ])('%s leaves the defaults', async (_, text) => {
    expect((await loaded(yaml(text))).config.listen.port).toBe(7678)
  })

  test('anchors and aliases work', async () => {
    const { config } = await loaded(yaml('go: {private: &names [a.example], nosumdb: *names}'))
    expect(config.go.nosumdb).toEqual(['a.example'])
  })
})

describe('bad input names the place, what was expected, and the nearest key', () => {
  test.each([
    ['an unknown key', 'listn: 1', "posthaste.yaml:1:1: unknown key 'listn' (did you mean listen?)"],
    [
      'an unknown nested key',
      'go:\n  upstrem: x',
      "posthaste.yaml:2:3: unknown key 'go.upstrem' (did you mean go.upstream?)",
    ],
    [
      'a key at the wrong depth',
      'maxBytes: 1GiB',
      "posthaste.yaml:1:1: unknown key 'maxBytes' (did you mean cache.maxBytes?)",
    ],
    [
      'a misspelt group',
      'cahce: {maxBytes: 1GiB}',
      "posthaste.yaml:1:1: unknown key 'cahce' (did you mean cache?)",
    ],
    [
      'a short key in a group, which is not meant for the group around it',
      'go: {x: 1}',
      "posthaste.yaml:1:6: unknown key 'go.x' (see docs/configuration.md)",
    ],
    [
      'a misspelt group in a group',
      'go: {tll: {listMs: 1}}',
      "posthaste.yaml:1:6: unknown key 'go.tll' (did you mean go.ttl?)",
    ],
    [
      'nothing like it',
      'nothing-like-it: 1',
      "posthaste.yaml:1:1: unknown key 'nothing-like-it' (see docs/configuration.md)",
    ],
    [
      'a dotted key',
      'go.upstream: x',
      "posthaste.yaml:1:1: 'go.upstream' must be written as nested keys (go: { upstream: … })",
    ],
    ['__proto__', '__proto__: {offline: true}', "posthaste.yaml:1:1: unknown key '__proto__'"],
    [
      'a value for a group',
      'log: json\ncache: 20GiB',
      'posthaste.yaml:2:8: cache is a group of keys, not a value (for instance cache.maxBytes)',
    ],
    [
      'a map for a value',
      'log: {a: 1}',
      'posthaste.yaml:1:6: log: expected one of text, json, off, got a map',
    ],
    ['a wrong word', 'log: xml', "posthaste.yaml:1:6: log: expected one of text, json, off, got 'xml'"],
    ['a wrong address', 'listen: 7678', 'posthaste.yaml:1:9: listen: expected host:port'],
    ['a wrong size', 'cache:\n  maxBytes: 20G', "got '20G' (write GiB (1024) or GB (1000))"],
    [
      'a wrong duration',
      'shutdown: {graceMs: soon}',
      'posthaste.yaml:1:21: shutdown.graceMs: expected a duration',
    ],
    [
      'a wrong boolean',
      'offline: perhaps',
      "posthaste.yaml:1:10: offline: expected true or false, got 'perhaps'",
    ],
    [
      'a wrong item of a list',
      'go:\n  private:\n    - a.example\n    - "b c"',
      'posthaste.yaml:4:7: go.private[1]: expected a GOPRIVATE pattern',
    ],
    [
      'a wrong credential',
      'upstream:\n  credentials:\n    a.example: {username: x}',
      "posthaste.yaml:3:16: upstream.credentials['a.example']: expected one of",
    ],
    ['a list at the top', '- a', 'posthaste.yaml:1:1: the file must be a map of keys'],
    ['a text at the top', 'hello', 'posthaste.yaml:1:1: the file must be a map of keys'],
    ['a number as key', '1: 2', 'posthaste.yaml:1:1: a key must be a plain word'],
    [
      'a second document',
      'log: json\n---\nlog: text',
      "posthaste.yaml:2:1: a second document begins with '---'",
    ],
    ['a key twice', 'log: json\nlog: text', 'posthaste.yaml:2:1: Map keys must be unique'],
    ['broken YAML', 'go: [', 'posthaste.yaml:1:6: '],
    ['a tab as indent', 'go:\n\tupstream: x', 'posthaste.yaml:2:1: '],
    ['two documents', 'log: json\n---\nlog: text', 'posthaste.yaml:2:1: '],
    ['an unknown tag', 'log: !secret json', 'posthaste.yaml:1:6: Unresolved tag'],
    ['an alias to nothing', 'log: *gone', 'posthaste.yaml:1:6: log: an alias that leads nowhere'],
    ['a huge file', `# ${'x'.repeat(2 ** 20)}`, 'posthaste.yaml:1:1: the file is larger than 1 MiB'],
  ])('%s', async (_, text, expected) => {
    const found = await problems(yaml(text))
    expect(found).toHaveLength(1)
    expect(found[0]).toContain(expected)
  })

  test('aliases that grow without bound are refused', async () => {
    const bomb = [
      'a: &a [x,x,x,x,x,x,x,x,x,x]',
      ...'bcdefghi'.split('').map((name, i) => {
        const before = 'abcdefgh'[i]
        return `${name}: &${name} [${Array(10).fill(`*${before}`).join(',')}]`
      }),
    ]
    const found = await problems(yaml(`${bomb.join('\n')}\ngo: {private: *i}`))
    expect(found.at(-1)).toContain('or to far too much')
  })

  test.each([
    ['POSTHASTE_GO_UPSTREM', 'did you mean POSTHASTE_GO_UPSTREAM?'],
    ['POSTHASTE_CACHE_MAXBYTES', 'did you mean POSTHASTE_CACHE_MAX_BYTES?'],
  ])('the variable %s', async (name, hint) => {
    expect(await problems({ env: { [name]: 'x' } })).toEqual([
      `${name}: unknown variable '${name}' (${hint})`,
    ])
  })

  test.each([
    'POSTHASTE_TEST_ALL',
    'POSTHASTE_SERVICE_HOST',
    'POSTHASTE_SERVICE_PORT_HTTP',
    'POSTHASTE_PORT',
    'POSTHASTE_PORT_7678_TCP',
    'POSTHASTE_PORT_7678_TCP_ADDR',
    'OTHER_VARIABLE',
  ])("the variable %s is someone else's", async (name) => {
    expect(await problems({ env: { [name]: 'x' } })).toEqual([])
  })

  test('all problems are told at once, also of values that another layer hides', async () => {
    const found = await problems({
      flags: { listen: 'x' },
      env: { POSTHASTE_LISTEN: 'y', POSTHASTE_LISTN: 'z', POSTHASTE_LOG: 'xml' },
      files: { [here]: 'listen: z\nlogs: json\noffline: perhaps\n' },
    })
    expect(found.map((line) => line.slice(0, line.indexOf(': '))).sort()).toEqual([
      '--listen',
      'POSTHASTE_LISTEN',
      'POSTHASTE_LISTN',
      'POSTHASTE_LOG',
      'posthaste.yaml:1:9',
      'posthaste.yaml:2:1',
      'posthaste.yaml:3:10',
    ])
  })

  test('no problem quotes a secret', async () => {
    const found = await problems({
      env: {
        POSTHASTE_ADMIN_TOKEN: 's3cret',
        POSTHASTE_UPSTREAM_CREDENTIALS: '{a.example: {password: s3cret}}',
        POSTHASTE_GO_UPSTREAM: 'ftp://ann:s3cret@a.example',
        POSTHASTE_UPSTREAM_PROXY: 'ann:s3cret@proxy.example:3128',
      },
    })
    expect(found).toHaveLength(4)
    expect(found.join('\n')).not.toContain('s3cret')
  })
})
