import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { type DiscoverPipOptions, discoverPip, pipSettings } from './discover-pip.ts'
import { parsePipConf, pipFiles } from './discover-pip-conf.ts'
import { askPython } from './discover-pip-python.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let python: string
beforeAll(async () => {
  folder = await temporaryFolder()
  python = await script(
    'python',
    `echo start-up noise; echo '{"index": "https://default.example/simple", "prefix": "/py"}'`,
  )
})
afterAll(() => folder[Symbol.asyncDispose]())

async function script(name: string, body: string): Promise<string> {
  const path = join(folder.path, name)
  await writeFile(path, `#!/bin/sh\n${body}\n`)
  await chmod(path, 0o755)
  return path
}

function find(files: Record<string, string>, more: Partial<DiscoverPipOptions> = {}) {
  return discoverPip({
    env: {},
    listen: [{ host: '127.0.0.1', port: 7678 }],
    data: '/data',
    commands: [python],
    platform: 'linux',
    home: '/home/u',
    local: [],
    readFile: async (path) => files[path],
    ...more,
  })
}

const ours = 'http://127.0.0.1:7678/pypi/simple/'
const conf = (url: string) => `[global]\nindex-url = ${url}\n`

describe('which index pip asks', () => {
  test('its own default, when nothing is set', async () => {
    const found = await find({})
    expect(found).toEqual({
      index: { url: 'https://default.example/simple', origin: 'pip (built in)' },
      builtIn: 'https://default.example/simple',
      reason: undefined,
      notes: [],
    })
    expect(pipSettings(found)).toEqual([
      { key: 'pypi.upstream', value: ['https://default.example/simple'], origin: 'pip (built in)' },
    ])
  })

  const files = {
    '/etc/pip.conf': conf('https://machine.example/simple'),
    '/home/u/.pip/pip.conf': conf('https://legacy.example/simple'),
    '/home/u/.config/pip/pip.conf': conf('https://user.example/simple'),
    '/py/pip.conf': conf('https://site.example/simple'),
    '/named.conf': conf('https://named.example/simple'),
  }
  const without = (...paths: (keyof typeof files)[]) =>
    Object.fromEntries(Object.entries(files).filter(([path]) => !paths.some((one) => one === path)))

  for (const [what, given, env, url, origin] of [
    [
      'a variable before all',
      files,
      { PIP_INDEX_URL: 'https://env.example/simple/' },
      'https://env.example/simple',
      'PIP_INDEX_URL in the environment',
    ],
    [
      'a named file before the others',
      files,
      { PIP_CONFIG_FILE: '/named.conf' },
      'https://named.example/simple',
      'index-url in /named.conf',
    ],
    [
      "the environment's file before the user's",
      files,
      {},
      'https://site.example/simple',
      'index-url in /py/pip.conf',
    ],
    [
      "the user's before the old one",
      without('/py/pip.conf'),
      {},
      'https://user.example/simple',
      'index-url in /home/u/.config/pip/pip.conf',
    ],
    [
      'the old one before the machine',
      without('/py/pip.conf', '/home/u/.config/pip/pip.conf'),
      {},
      'https://legacy.example/simple',
      'index-url in /home/u/.pip/pip.conf',
    ],
    [
      'no user file beside a named one',
      without('/py/pip.conf'),
      { PIP_CONFIG_FILE: '/none.conf' },
      'https://machine.example/simple',
      'index-url in /etc/pip.conf',
    ],
    [
      'no file at all',
      files,
      { PIP_CONFIG_FILE: '/dev/null' },
      'https://default.example/simple',
      'pip (built in)',
    ],
    [
      'install before global',
      { ...files, '/etc/pip.conf': '[install]\nindex_url: https://install.example/simple' },
      {},
      'https://install.example/simple',
      'index-url in /etc/pip.conf',
    ],
    [
      "uv's, where pip has none",
      {},
      { UV_DEFAULT_INDEX: 'corp=https://uv.example/simple' },
      'https://uv.example/simple',
      'UV_DEFAULT_INDEX in the environment',
    ],
  ] as const) {
    test(what, async () => {
      expect((await find(given, { env })).index).toEqual({ url, origin })
    })
  }

  test('what is no web address is left out, with a note', async () => {
    const found = await find({ '/etc/pip.conf': conf('file:///srv/simple') })
    expect(found.index?.url).toBe('https://default.example/simple')
    expect(found.notes).toEqual([
      'file:///srv/simple is no address of an index; it is left out (index-url in /etc/pip.conf)',
    ])
  })
})

describe('our own address', () => {
  test('is never an upstream: what was set before takes its place', async () => {
    const found = await find({
      '/home/u/.config/pip/pip.conf': conf(ours),
      '/data/journal/pip.json': '{"index-url":"https://before.example/simple/"}',
    })
    expect(found.index).toEqual({
      url: 'https://before.example/simple',
      origin: '/data/journal/pip.json (what was set before)',
    })
    expect(found.notes).toEqual([
      'index-url in /home/u/.config/pip/pip.conf leads to this server; in its place: https://before.example/simple, from /data/journal/pip.json (what was set before)',
    ])
  })

  test('without a journal, what stands behind it, else the default', async () => {
    const user = { '/home/u/.config/pip/pip.conf': conf(ours) }
    expect(
      (await find({ ...user, '/etc/pip.conf': conf('https://machine.example/simple') })).index?.url,
    ).toBe('https://machine.example/simple')
    expect((await find({ ...user, '/data/journal/pip.json': '{"index-' })).index?.url).toBe(
      'https://default.example/simple',
    )
    expect((await find({ ...user, '/data/journal/pip.json': `{"index-url":"${ours}"}` })).index?.url).toBe(
      'https://default.example/simple',
    )
  })

  test('without anything in its place the note says what to do', async () => {
    const found = await find({ '/etc/pip.conf': conf(ours) }, { commands: [join(folder.path, 'none')] })
    expect(found.index).toBeUndefined()
    expect(pipSettings(found)).toEqual([])
    expect(found.notes.join()).toContain('set pypi.upstream')
  })

  test('at its own port, and while the port is any', async () => {
    const listen = [
      { host: '127.0.0.1', port: 0 },
      { host: '127.0.0.1', port: 7680 },
    ]
    for (const url of [
      'http://localhost:7680/simple/',
      'http://127.0.0.1:4444/pypi/simple',
      'http://127.0.0.1:4444/simple',
    ]) {
      expect((await find({ '/etc/pip.conf': conf(url) }, { listen })).index?.url).toBe(
        'https://default.example/simple',
      )
    }
    const other = 'http://127.0.0.1:4444/root/pypi/+simple'
    expect((await find({ '/etc/pip.conf': conf(other) }, { listen })).index?.url).toBe(other)
  })
})

test('an extra index is told as a danger, wherever it is set', async () => {
  const found = await find(
    {
      '/etc/pip.conf':
        '[global]\nextra-index-url =\n    https://one.example/simple\n    https://two.example/simple\n',
    },
    { env: { UV_EXTRA_INDEX_URL: 'https://x.example' } },
  )
  expect(found.notes).toHaveLength(2)
  expect(found.notes[0]).toStartWith('UV_EXTRA_INDEX_URL in the environment is asked beside this server')
  expect(found.notes[1]).toStartWith('extra-index-url in /etc/pip.conf is asked beside this server')
})

describe('a Python that cannot be asked', () => {
  for (const [what, body, reason] of [
    ['prints something else', 'echo hello', 'not JSON'],
    ['fails', 'echo oops >&2; exit 3', 'failed'],
    ['hangs', 'exec sleep 60', 'gave no answer within 300 ms'],
    ['prints without end', 'exec yes', 'failed'],
  ] as const) {
    test(`it ${what}`, async () => {
      const command = await script('broken', body)
      const found = await find(
        { '/etc/pip.conf': conf('https://machine.example/simple') },
        { commands: [command], timeoutMs: 300 },
      )
      expect(found.index?.url).toBe('https://machine.example/simple')
      expect(found.builtIn).toBeUndefined()
      expect(found.reason).toContain(reason)
    })
  }

  test('the next one is asked', async () => {
    expect((await find({}, { commands: [join(folder.path, 'none'), python] })).index?.origin).toBe(
      'pip (built in)',
    )
  })

  test('one that hangs leaves no time for the next', async () => {
    const hanging = await script('hanging', 'exec sleep 60')
    const found = await find({}, { commands: [hanging, python], timeoutMs: 300 })
    expect(found.reason).toContain('gave no answer within 300 ms')
  })

  test('files that cannot be read count as not there', async () => {
    const found = await find({}, { readFile: () => Promise.reject(new Error('EACCES')) })
    expect(found.index?.origin).toBe('pip (built in)')
  })
})

test('the Python of this machine, when it has one, says an address', async () => {
  const said = await askPython({ env: process.env, commands: ['python3'], timeoutMs: 20_000 })
  if (!said.ok && said.reason.startsWith('there is no')) return
  expect(said).toMatchObject({ ok: true, answer: { prefix: expect.any(String) } })
})

describe('the files', () => {
  test('of each system', () => {
    const at = (platform: NodeJS.Platform, env = {}) =>
      pipFiles({ env, platform, home: '/h', prefix: undefined })
    expect(at('linux')).toEqual([
      '/etc/xdg/pip/pip.conf',
      '/etc/pip.conf',
      '/h/.pip/pip.conf',
      '/h/.config/pip/pip.conf',
    ])
    expect(at('darwin').at(-1)).toBe('/h/Library/Application Support/pip/pip.conf')
    expect(at('linux', { XDG_CONFIG_HOME: '/x', VIRTUAL_ENV: '/v' }).slice(-2)).toEqual([
      '/x/pip/pip.conf',
      '/v/pip.conf',
    ])
    expect(at('win32', { APPDATA: '/a' }).at(-1)).toContain('pip.ini')
  })

  test('as Python reads them', () => {
    const text =
      '; c\n[Global]\nindex-url: https://a.example/simple\n# c\ntimeout=5\n\n[install]\nextra-index-url =\n  https://b.example\n  # c\n  https://c.example\nno-value\n[broken\nx = 1\n'
    expect([...parsePipConf(text)]).toEqual([
      ['global.index-url', 'https://a.example/simple'],
      ['global.timeout', '5'],
      ['install.extra-index-url', 'https://b.example https://c.example'],
      ['install.x', '1'],
    ])
  })
})
