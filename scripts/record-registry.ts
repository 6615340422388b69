/**
 * Records small real packages for the suites with real clients, from whatever registries this machine's own npm and
 * pip are set to: `scripts/run scripts/record-registry.ts [npm|pypi]`. The clients themselves ask, through a relay that
 * listens.
 * What is kept names no registry's host; a package that holds one in its files is refused.
 */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { firstLine } from '../tests/clients/registry/machine.ts'
import { runLimited } from './testing/run-limited.ts'

const fixtures = join(import.meta.dirname, '..', 'tests', 'clients', 'fixtures')
const npmRequires = {
  chalk: '^4.1.0',
  commander: '^14.0.0',
  debug: '^4.4.0',
  'fast-glob': '^3.3.0',
  minimatch: '^9.0.0',
  semver: '^7.7.0',
  yargs: '^17.7.0',
}
const pypiRequires = {
  blinker: '>=1.9',
  certifi: '>=2025',
  cfgv: '>=3.5',
  click: '>=8',
  h2: '>=4.4',
  identify: '>=2.6',
  iniconfig: '>=2',
  itsdangerous: '>=2.2',
  lark: '>=1.3',
  'mypy-extensions': '>=1.1',
  packaging: '>=25',
  ply: '>=3.11',
  priority: '>=2',
  'pyproject-hooks': '>=1.2',
  'python-dotenv': '>=1.2',
  tabulate: '>=0.9',
  toolz: '>=1',
  'uri-template': '>=1.3',
  webcolors: '>=25',
  wsproto: '>=1.3',
}
const limitMs = 180_000
const FULL_PACKUMENT = 'application/json'
const SIMPLE_JSON = 'application/vnd.pypi.simple.v1+json'

type Json = Record<string, unknown>

/** Notes every body that a client asks for; `alter` changes what the client is shown. */
function startRecorder(upstream: string, accept: string, alter: (text: string, own: string) => string) {
  const bodies = new Map<string, Uint8Array>()
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: async (request) => {
      const { pathname, origin } = new URL(request.url)
      const path = decodeURIComponent(pathname.slice(1))
      const elsewhere = path.startsWith('elsewhere/') ? path.slice('elsewhere/'.length) : undefined
      const address = elsewhere ?? `${upstream}${pathname.slice(1)}`
      const answer = await fetch(address, elsewhere === undefined ? { headers: { accept } } : {})
      const bytes = new Uint8Array(await answer.arrayBuffer())
      const mediaType = answer.headers.get('content-type') ?? ''
      if (answer.ok) bodies.set(path, bytes)
      const shown = /json/.test(mediaType) ? Buffer.from(alter(Buffer.from(bytes).toString(), origin)) : bytes
      return new Response(new Uint8Array(shown), {
        status: answer.status,
        headers: { 'content-type': mediaType },
      })
    },
  })
  return { url: `http://127.0.0.1:${server.port}/`, bodies, stop: () => server.stop(true) }
}

async function recordNpm(): Promise<number> {
  const registry = await mustSay('npm', ['config', 'get', 'registry'])
  const recorder = startRecorder(registry, FULL_PACKUMENT, (text, own) =>
    text.replaceAll(registry, `${own}/`),
  )
  const work = await mkdtemp(join(tmpdir(), 'posthaste-record-'))
  try {
    await writeFile(join(work, 'package.json'), JSON.stringify({ name: 'record', dependencies: npmRequires }))
    const flags = ['--no-audit', '--no-fund', '--ignore-scripts', '--registry', recorder.url]
    await mustRun('npm', ['install', ...flags, '--cache', join(work, 'cache')], work)
    const lock = JSON.parse(await readFile(join(work, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { version?: string; resolved?: string }>
    }
    const versions = new Map<string, Set<string>>()
    for (const [place, { version }] of Object.entries(lock.packages)) {
      const name = place.split('node_modules/').at(-1) ?? ''
      if (place !== '' && version !== undefined) {
        versions.set(name, new Set([...(versions.get(name) ?? []), version]))
      }
    }
    const keys = (await (await fetch(`${registry}-/npm/v1/keys`)).json()) as { keys?: unknown } | null
    const folder = await emptied('npm')
    const packages: unknown[] = []
    for (const [name, wanted] of [...versions].sort()) {
      packages.push(await keepPackage(name, wanted, recorder.bodies, folder, new URL(registry).host))
    }
    await writeJson(join(folder, 'index.json'), { requires: npmRequires, keys: keys?.keys ?? [], packages })
    return packages.length
  } finally {
    recorder.stop()
    await rm(work, { recursive: true, force: true })
  }
}

async function keepPackage(
  name: string,
  wanted: ReadonlySet<string>,
  bodies: ReadonlyMap<string, Uint8Array>,
  folder: string,
  host: string,
): Promise<Json> {
  const packument = JSON.parse(Buffer.from(bodyOf(bodies, name)).toString()) as {
    versions: Record<string, Json & { dist: Json & { tarball: string } }>
  }
  const kept: unknown[] = []
  for (const version of wanted) {
    const found = packument.versions[version]
    if (found === undefined)
      throw new Error(`${name}@${version} is in the lock file, but not in its packument`)
    const { _id, _npmOperationalInternal, _npmUser, maintainers, readme, dist, ...manifest } = found
    const { tarball, attestations, ...rest } = dist
    const path = new URL(tarball).pathname.slice(1)
    const bytes = bodyOf(bodies, path)
    refuseHost(gunzipSync(bytes), host, `${name}@${version}`)
    refuseHost(Buffer.from(JSON.stringify(manifest)), host, `${name}@${version}`)
    const file = `${name.replace('/', '+')}-${version}.tgz`
    await writeFile(join(folder, file), bytes)
    kept.push({ manifest, dist: rest, file })
  }
  return { name, versions: kept }
}

async function recordPypi(): Promise<number> {
  const builtIn = 'from pip._internal.models.index import PyPI; print(PyPI.simple_url)'
  const set = await firstLine('pip', ['config', 'get', 'global.index-url'])
  const index = (set ?? (await mustSay('python3', ['-c', builtIn]))).replace(/\/*$/, '/')
  const recorder = startRecorder(index, SIMPLE_JSON, (text, own) => {
    const page = JSON.parse(text) as { files?: { url: string }[] }
    for (const file of page.files ?? []) {
      file.url = `${own}/elsewhere/${encodeURIComponent(new URL(file.url, index).href)}`
    }
    return JSON.stringify(page)
  })
  const work = await mkdtemp(join(tmpdir(), 'posthaste-record-'))
  try {
    const wanted = Object.entries(pypiRequires).map(([name, range]) => `${name}${range}`)
    const flags = ['--no-cache-dir', '--only-binary', ':all:', '--index-url', recorder.url]
    await mustRun('pip', ['download', '--quiet', '--dest', join(work, 'files'), ...flags, ...wanted], work)
    const folder = await emptied('pypi')
    const projects: unknown[] = []
    for (const filename of (await readdir(join(work, 'files'))).sort()) {
      const [name = '', version = ''] = filename.split('-')
      const page = JSON.parse(
        Buffer.from(bodyOf(recorder.bodies, `${name.replaceAll('_', '-')}/`)).toString(),
      ) as {
        name: string
        files: { filename: string; url: string; 'requires-python'?: string }[]
      }
      const listed = page.files.find((file) => file.filename === filename)
      if (listed === undefined) throw new Error(`${filename} is not on the page of ${page.name}`)
      const address = new URL(listed.url, index)
      const bytes = await readFile(join(work, 'files', filename))
      const unpacked = await mustSayAll('python3', ['-c', wheelText, join(work, 'files', filename)])
      for (const host of [new URL(index).host, address.host]) refuseHost(unpacked, host, filename)
      const metadata = await mustSayAll('python3', ['-c', wheelMetadata, join(work, 'files', filename)])
      await writeFile(join(folder, filename), bytes)
      await writeFile(join(folder, `${filename}.metadata`), metadata)
      const requiresPython = listed['requires-python']
      projects.push({ name: page.name, version, file: filename, ...(requiresPython && { requiresPython }) })
    }
    await writeJson(join(folder, 'index.json'), { requires: pypiRequires, projects })
    return projects.length
  } finally {
    recorder.stop()
    await rm(work, { recursive: true, force: true })
  }
}

const openWheel = 'import base64, sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); '
const printBase64 = (what: string) => `${openWheel}print(base64.b64encode(${what}).decode())`
const wheelText = printBase64('b"".join(z.read(n) for n in z.namelist())')
const wheelMetadata = printBase64(
  'z.read(next(n for n in z.namelist() if n.endswith(".dist-info/METADATA")))',
)

async function mustSayAll(command: string, args: readonly string[]): Promise<Buffer> {
  return Buffer.from(await mustSay(command, args), 'base64')
}

function bodyOf(bodies: ReadonlyMap<string, Uint8Array>, path: string): Uint8Array {
  const bytes = bodies.get(path)
  if (bytes === undefined) throw new Error(`nothing was recorded for ${path}`)
  return bytes
}

function refuseHost(bytes: Uint8Array, host: string, what: string): void {
  if (Buffer.from(bytes).includes(host)) {
    throw new Error(`${what} names the registry's host in its files: take another package`)
  }
}

async function emptied(name: string): Promise<string> {
  const folder = join(fixtures, name)
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  return folder
}

async function mustSay(command: string, args: readonly string[]): Promise<string> {
  const said = await firstLine(command, args)
  if (said === undefined) throw new Error(`'${command} ${args.join(' ')}' says nothing`)
  return said
}

async function mustRun(command: string, args: readonly string[], cwd: string): Promise<void> {
  const { code, output } = await runLimited({ command, args, cwd, limitMs })
  if (code !== 0) throw new Error(`'${command} ${args[0]}' fails:\n${output.slice(-2000)}`)
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFile(path, `${JSON.stringify(value, undefined, 2)}\n`)
}

const [only] = process.argv.slice(2)
if (only !== undefined && only !== 'npm' && only !== 'pypi') {
  process.stderr.write(`record-registry: no registry '${only}': say npm, pypi, or nothing for both\n`)
  process.exit(64)
}
if (only !== 'pypi') process.stdout.write(`npm: ${await recordNpm()} packages\n`)
if (only !== 'npm') process.stdout.write(`PyPI: ${await recordPypi()} wheels\n`)
process.exit(0)
