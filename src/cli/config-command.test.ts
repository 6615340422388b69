import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'yaml'
import { configCommand } from './config-command.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'posthaste-config-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** Without a PATH there is no toolchain to ask. */
async function run(line: string, env: Record<string, string> = {}) {
  const said = { out: '', err: '' }
  const code = await configCommand(line.split(' ').filter(Boolean), {
    stdout: { write: (text) => (said.out += text) },
    stderr: { write: (text) => (said.err += text) },
    env: { PATH: '/nowhere', HOME: folder, ...env },
    cwd: folder,
  })
  return { code, ...said }
}

async function file(text: string): Promise<string> {
  const path = join(folder, 'my.yaml')
  await writeFile(path, text)
  return path
}

describe('check', () => {
  test('says which file is sound', async () => {
    const path = await file('log: json\n')
    expect(await run(`check --config ${path}`)).toEqual({ code: 0, out: `ok: ${path}\n`, err: '' })
  })

  test('says where it looked when there is none', async () => {
    expect((await run('check')).out).toContain(join(folder, 'posthaste.yaml'))
  })

  test('names every mistake and ends with 1', async () => {
    const path = await file('logs: json\nlisten: 1\n')
    const { code, out, err } = await run(`check --config ${path}`)
    expect([code, out]).toEqual([1, ''])
    expect(
      err
        .trimEnd()
        .split('\n')
        .map((line) => line.split(' ')[0]),
    ).toEqual(['my.yaml:1:1:', 'my.yaml:2:9:'])
  })

  test('as JSON', async () => {
    const path = await file('logs: json\n')
    const { code, out } = await run(`check --json --config ${path}`)
    expect(code).toBe(1)
    expect(JSON.parse(out)).toMatchObject({
      ok: false,
      file: path,
      problems: [{ where: 'my.yaml:1:1', key: 'logs', hint: 'did you mean log?' }],
    })
    expect(JSON.parse((await run('check --json')).out)).toMatchObject({ ok: true, file: null })
  })
})

describe('print', () => {
  const env = {
    POSTHASTE_ADMIN_TOKEN: 's3cret-s3cret-s3cret',
    POSTHASTE_GO_UPSTREAM: 'https://ann:s3cret@a.example,direct',
    POSTHASTE_NPM_PRIVATE: '@corp/*',
    POSTHASTE_NPM_UPSTREAM: 'https://npm.example,https://ann:s3cret@b.example/npm',
    POSTHASTE_UPSTREAM_CREDENTIALS: '{a.example: {username: ann, password: s3cret}}',
    POSTHASTE_UPSTREAM_PROXY: 'http://ann:s3cret@proxy.example:3128',
  }

  test('shows values with their origins, and no secret', async () => {
    const { code, out, err } = await run('print --log json', env)
    expect(code).toBe(0)
    expect(out).toContain('log: json # --log\n')
    expect(out).toContain('  upstream: "https://***@a.example,direct" # POSTHASTE_GO_UPSTREAM\n')
    expect(out).toContain('[ https://npm.example, https://***@b.example/npm ] # POSTHASTE_NPM_UPSTREAM\n')
    expect(out).toContain('  private: [ "@corp/*" ] # POSTHASTE_NPM_PRIVATE\n')
    expect(out).toContain('  maxBytes: 20GiB # default\n')
    expect(out).not.toContain('s3cret')
    expect(err).toContain("there is no 'go' command")
  })

  test('what is printed could be the file', async () => {
    const { out } = await run('print')
    expect(parse(out)).toMatchObject({ listen: '127.0.0.1:7678', go: { ttl: { listMs: '1m' } } })
    expect((await run(`check --config ${await file(out)}`)).code).toBe(0)
  })

  test('as JSON', async () => {
    const { out } = await run('print --json --offline', env)
    expect(out).not.toContain('s3cret')
    expect(JSON.parse(out)).toMatchObject({
      values: {
        offline: { value: true, origin: '--offline' },
        'admin.token': { value: '***', origin: 'POSTHASTE_ADMIN_TOKEN' },
        'go.nosumdb': { value: [], origin: 'as go.private' },
      },
    })
  })
})

test('schema prints a JSON Schema that knows every group', async () => {
  const { code, out } = await run('schema')
  expect(code).toBe(0)
  expect(JSON.parse(out)).toMatchObject({
    type: 'object',
    additionalProperties: false,
    properties: { go: { properties: { onOutage: { enum: ['error', 'notFound'], default: 'error' } } } },
  })
})

describe('usage', () => {
  test.each([
    ['', 'which one'],
    ['chek', 'did you mean check?'],
    ['check twice', "takes no 'twice'"],
    ['check --lisen x', 'did you mean --listen?'],
  ])("'config %s' is wrong", async (line, message) => {
    const { code, out, err } = await run(line)
    expect([code, out]).toEqual([64, ''])
    expect(err).toContain(message)
  })

  test('--help has an example', async () => {
    const { code, out } = await run('--help')
    expect(code).toBe(0)
    expect(out).toContain('Example: ')
  })
})
