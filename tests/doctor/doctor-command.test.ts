import { expect, test } from 'bun:test'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { turns } from '../support/turns.ts'
import { catalogue, DoctorLab, mediumFile, paths } from './doctor-lab.ts'
import { answer, startLabServer } from './lab-server.ts'
import { reportProblems } from './report-schema.ts'

const program = join(dirname(dirname(import.meta.dirname)), 'bin/posthaste')
const patience = 120_000
/** Each is a process of its own. */
const inTurn = turns(3)

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** The real program, with its own home and settings that know only the lab. */
async function world(lab: DoctorLab, upstream: string) {
  const folder = lab.use(await temporaryFolder('doctor'))
  const { small } = catalogue.probes
  const hash = small.hash.kind === 'go-mod' ? small.hash.h1 : ''
  const sha512 = createHash('sha512').update(mediumFile).digest('base64')
  await writeFile(join(folder.path, 'ca.pem'), lab.authority.cert)
  await writeFile(
    join(folder.path, 'mirrors.yaml'),
    `ecosystem: go
reference: { build: a lab build, requests: 10, bytes: 1000000, concurrency: 2 }
probes:
  small: { path: ${small.path}, hash: 'go.mod ${hash}', bytes: ${small.sizeBytes} }
  medium: { path: ${paths.medium.slice(1)}, hash: sha512-${sha512}, bytes: ${mediumFile.length} }
  metadata: [${paths.metadata.slice(1)}]
  canaries: [{ name: canary.example/m, path: ${paths.list.slice(1)} }]
mirrors: []
`,
  )
  const settings = {
    data: join(folder.path, 'data'),
    go: { upstream, sumdb: 'off' },
    npm: { upstream: [] },
    pypi: { upstream: [] },
    mirrors: { catalogue: ['mirrors.yaml'] },
    upstream: { caFile: 'ca.pem', resolvers: [lab.names.address], allowPrivate: ['127.0.0.0/8'] },
  }
  await writeFile(join(folder.path, 'posthaste.yaml'), JSON.stringify(settings))
  const run = (args: readonly string[], env: Record<string, string> = {}) =>
    inTurn(
      () =>
        new Promise<Ended>((resolve) => {
          const all = [
            'doctor',
            '--config',
            join(folder.path, 'posthaste.yaml'),
            '--control',
            'none',
            '--portal',
            'none',
            ...args,
          ]
          const options = {
            cwd: folder.path,
            env: { PATH: '/usr/bin:/bin', HOME: folder.path, ...env },
            maxBuffer: 20_000_000,
          }
          execFile(program, all, options, (error, stdout, stderr) => {
            resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr })
          })
        }),
    )
  return { folder: folder.path, run }
}

test.concurrent(
  'a healthy source: exit 0, no verdict, and JSON as promised',
  async () => {
    await using lab = await DoctorLab.open()
    const { run } = await world(lab, (await lab.serve('source.example')).href)
    const { code, stdout, stderr } = await run(['--json'])
    expect(stderr).toBe('')
    const report: unknown = JSON.parse(stdout)
    expect(reportProblems(report)).toEqual([])
    expect(report).toMatchObject({ verdicts: [], outcome: 'healthy' })
    expect(code).toBe(0)
  },
  patience,
)

test.concurrent(
  'a fault: exit 1, the verdict first, in English and Chinese, and a page with the evidence',
  async () => {
    await using lab = await DoctorLab.open()
    const source = await lab.serve('source.example')
    lab.names.names.set('source.example', { code: 'nxdomain' })
    const { folder, run } = await world(lab, source.href)
    const english = await run(['--report', 'report.html'])
    expect(english.code).toBe(1)
    expect(english.stdout).toContain('the name source.example does not exist')
    expect(english.stdout).toContain('$ posthaste mirrors')
    const page = await readFile(join(folder, 'report.html'), 'utf8')
    expect(page).toContain('dns.nxdomain')
    expect(page).not.toMatch(/<(script|link|img)|\bsrc=|https?:\/\/[^<]*\.(js|css)/)
    const chinese = await run(['--lang', 'zh'])
    expect(chinese.stdout).toContain('域名 source.example 不存在')
    const byLocale = await run([], { LANG: 'zh_CN.UTF-8' })
    expect(byLocale.stdout).toContain('域名 source.example 不存在')
    const json: unknown = JSON.parse((await run(['--json'])).stdout)
    expect(reportProblems(json)).toEqual([])
  },
  patience,
)

test.concurrent(
  'no secret of an address, a variable or an answer is shown',
  async () => {
    await using lab = await DoctorLab.open()
    const source = await lab.servePlain(
      'source.example',
      (_, socket) =>
        void socket.end(
          'HTTP/1.1 403 no\r\nContent-Type: text/plain\r\nContent-Length: 26\r\n\r\ntoken=s3cretAnswer refused',
        ),
    )
    source.username = 'me'
    source.password = 's3cretAddress'
    const { folder, run } = await world(lab, source.href)
    const env = { HTTPS_PROXY: 'http://me:s3cret@Variable@proxy.example:3128', NO_PROXY: '*' }
    const { stdout, code } = await run(['--json', '--report', 'report.html'], env)
    expect(code).toBe(1)
    const page = await readFile(join(folder, 'report.html'), 'utf8')
    for (const text of [stdout, page]) expect(text).not.toMatch(/s3cret/)
    expect(stdout).toContain('proxy.credentials')
    expect(stdout).toContain('mirror.forbidden')
  },
  patience,
)

test.concurrent(
  "npm's own proxy counts, with the command that mends it",
  async () => {
    await using lab = await DoctorLab.open()
    const source = await lab.serve('source.example')
    const headers = { 'Proxy-Authenticate': 'Basic realm="corp"' }
    const proxy = lab.use(
      await startLabServer({ handler: (_, socket) => answer(socket, { status: 407, headers }) }),
    )
    const { folder, run } = await world(lab, 'off')
    const lines = [`registry=${source.href}`, `https-proxy=http://127.0.0.1:${proxy.port}`]
    await writeFile(join(folder, '.npmrc'), `${lines.join('\n')}\n`)
    const { stdout, code } = await run(['npm'])
    expect(stdout).toContain('[proxy.auth, certain]')
    expect(stdout).toContain(`$ npm config set https-proxy http://USER:PASSWORD@127.0.0.1:${proxy.port}`)
    expect(code).toBe(1)
  },
  patience,
)

test.concurrent(
  "a client's own file: broken with its line, or with a proxy that is gone and its password",
  async () => {
    await using lab = await DoctorLab.open()
    const { folder, run } = await world(lab, (await lab.serve('source.example')).href)
    await mkdir(join(folder, '.config/pip'), { recursive: true })
    await writeFile(join(folder, '.config/pip/pip.conf'), '[global]\ntimeout 3\n')
    const pip = await run(['pip', '--json'])
    expect(pip.code).toBe(1)
    const broken: unknown = JSON.parse(pip.stdout)
    expect(reportProblems(broken)).toEqual([])
    expect(broken).toMatchObject({
      verdicts: [{ id: 'config.broken', target: '~/.config/pip/pip.conf:2', confidence: 'certain' }],
    })
    await mkdir(join(folder, '.cargo'))
    await writeFile(join(folder, '.cargo/config.toml'), '[http]\nproxy = "http://me:s3cret@127.0.0.1:1"\n')
    const { stdout, code } = await run(['cargo', 'source.example', '--report', 'report.html'])
    const page = await readFile(join(folder, 'report.html'), 'utf8')
    for (const text of [stdout, page]) {
      expect(text).toContain('http.proxy in ~/.cargo/config.toml:2')
      expect(text).not.toContain('s3cret')
    }
    expect(stdout).toContain('[proxy.dead, certain]')
    expect(code).toBe(1)
  },
  patience,
)

test.concurrent(
  'another address on the command line',
  async () => {
    await using lab = await DoctorLab.open()
    const page = await lab.serve('page.example', {
      handler: (_, socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'),
    })
    const { run } = await world(lab, 'off')
    expect((await run([page.href])).code).toBe(0)
    expect((await run([`${page.hostname}:1`])).code).toBe(1)
  },
  patience,
)

test.concurrent.each([
  [['--lang', 'fr'], '--lang is en or zh'],
  [['nonsense'], "'nonsense' is no address"],
  [['--control', 'ftp://x'], '--control holds'],
  [['--what'], 'unknown flag --what'],
  [['--portal', 'https://x.example'], '--portal is an http:// address'],
])(
  'wrong usage: %p',
  async (args, words) => {
    await using lab = await DoctorLab.open()
    const { run } = await world(lab, 'https://source.example')
    const { code, stderr } = await run(args as string[])
    expect(stderr).toContain(words)
    expect(code).toBe(64)
  },
  patience,
)

test.concurrent.each([
  [['ftp://me:s3cret@source.example/']],
  [['--control', 'https://one.example,https://me:s3cret,s3cret@source.example/']],
  [['--lang', 'https://me:s3cret@source.example/']],
])(
  'wrong usage is told without its secrets: %p',
  async (args) => {
    await using lab = await DoctorLab.open()
    const { run } = await world(lab, 'https://source.example')
    const { code, stdout, stderr } = await run(args)
    expect(stdout + stderr).not.toMatch(/s3cr/)
    expect(code).toBe(64)
  },
  patience,
)

test.concurrent(
  'nothing is configured: could not tell',
  async () => {
    await using lab = await DoctorLab.open()
    const { run } = await world(lab, 'off')
    const { code, stderr } = await run([])
    expect(stderr).toContain('nothing to look at')
    expect(code).toBe(2)
  },
  patience,
)
