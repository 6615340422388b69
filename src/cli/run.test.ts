import { describe, expect, test } from 'bun:test'
import { VERSION } from '../version.ts'
import { run } from './run.ts'

async function call(...args: string[]) {
  const said = { out: '', err: '' }
  const code = await run(args, {
    stdout: { write: (text) => (said.out += text) },
    stderr: { write: (text) => (said.err += text) },
    env: { PATH: '/nowhere' },
    cwd: '/nowhere',
  })
  return { code, ...said }
}

const commands = ['serve', 'upstreams', 'mirrors', 'cache', 'verify', 'config', 'version']

describe('help', () => {
  test.each(['help', '--help', '-h', '--help --help', 'help help', 'help -h'])(
    '%s names every command',
    async (line) => {
      const { code, out, err } = await call(...line.split(' '))
      expect([code, err]).toEqual([0, ''])
      for (const name of commands) expect(out).toContain(`  ${name} `)
    },
  )

  test.each(commands)('of %s has an example, asked for either way', async (name) => {
    const { code, out, err } = await call(name, '--help')
    expect([code, err]).toEqual([0, ''])
    expect(out).toContain(`Example: posthaste ${name}`)
    expect(await call('help', name)).toEqual({ code, out, err })
  })

  test('of a command that there is not is wrong usage', async () => {
    expect(await call('help', 'srve')).toMatchObject({ code: 64, out: '' })
  })
})

describe('wrong usage', () => {
  test.each([
    [[], 'Usage: posthaste COMMAND'],
    [['srve'], "there is no command 'srve'; did you mean serve?"],
    [['zzzzzz'], "there is no command 'zzzzzz'\n"],
    [['--jsn'], "there is no command '--jsn'"],
    [['constructor'], "there is no command 'constructor'"],
    [['version', '--jsn'], 'unknown flag --jsn'],
    [['serve', 'now'], "'serve' takes no 'now'"],
    [['serve', '--lisen', 'x'], 'did you mean --listen?'],
    [['serve', '--listen', 'nowhere'], 'listen'],
  ])('%j', async (args, message) => {
    const { code, out, err } = await call(...args)
    expect([code, out]).toEqual([64, ''])
    expect(err).toContain(message)
  })
})

describe('version', () => {
  test.each([['version'], ['--version'], ['-v']])('%s', async (word) => {
    expect(await call(word)).toEqual({ code: 0, out: `posthaste ${VERSION}\n`, err: '' })
  })

  test('as JSON', async () => {
    const { out } = await call('version', '--json')
    expect(JSON.parse(out)).toEqual({ version: VERSION, runtime: `bun ${Bun.version}` })
  })
})
