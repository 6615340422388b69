import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { installPeer } from './peers-install.ts'
import { freePort, isListening } from './ports.ts'
import { type Program, residentBytes, startProgram } from './program.ts'

export type RegistryPeer = 'verdaccio' | 'devpi' | 'proxpi'

/** Another caching registry in front of the lab's, with nothing in its store. */
export interface RunningRegistry extends AsyncDisposable {
  readonly name: RegistryPeer
  /** What a client's registry, or its simple index without the slash at the end, is set to. */
  readonly url: string
  rssBytes(): Promise<number>
}

export interface RegistryPeerOptions {
  /** `http://127.0.0.1:PORT`, a registry of npm, or the host of `/simple/`. */
  readonly upstream: string
  /** Exists and is empty. */
  readonly folder: string
  readonly keepFolder: string
  readonly progress: (line: string) => void
}

/** Undefined, and the reason told, when the peer cannot be installed or does not start. */
export async function startRegistryPeer(
  name: RegistryPeer,
  options: RegistryPeerOptions,
): Promise<RunningRegistry | undefined> {
  try {
    return await starters[name](options)
  } catch (error) {
    options.progress(`  ${name} is left out: ${error instanceof Error ? error.message : String(error)}`)
    return undefined
  }
}

const starters: Readonly<Record<RegistryPeer, (options: RegistryPeerOptions) => Promise<RunningRegistry>>> = {
  async verdaccio({ upstream, folder, keepFolder, progress }) {
    const script = await installPeer('verdaccio', keepFolder, progress)
    const port = await freePort()
    const settings = {
      storage: join(folder, 'storage'),
      auth: { htpasswd: { file: join(folder, 'htpasswd') } },
      uplinks: { lab: { url: `${upstream}/`, maxage: '1d', timeout: '120s' } },
      packages: { '@*/*': { access: '$all', proxy: 'lab' }, '**': { access: '$all', proxy: 'lab' } },
      web: { enable: false },
      log: { type: 'stdout', format: 'json', level: 'fatal' },
    }
    const config = join(folder, 'config.yaml')
    // JSON is YAML.
    await writeFile(config, JSON.stringify(settings))
    const program = await startProgram({
      command: ['node', script, '-c', config, '-l', `127.0.0.1:${port}`],
      cwd: folder,
    })
    return await listening('verdaccio', program, port, '')
  },

  async devpi({ upstream, folder, keepFolder, progress }) {
    const server = await installPeer('devpi', keepFolder, progress)
    const port = await freePort()
    const data = join(folder, 'data')
    await promisify(execFile)(join(dirname(server), 'devpi-init'), ['--serverdir', data, '--no-root-pypi'], {
      timeout: 120_000,
    })
    const program = await startProgram({
      command: [server, '--serverdir', data, '--host', '127.0.0.1', '--port', `${port}`],
      cwd: folder,
    })
    const running = await listening('devpi', program, port, '/root/lab/+simple')
    try {
      await addMirror(`http://127.0.0.1:${port}`, `${upstream}/simple/`)
      return running
    } catch (error) {
      await running[Symbol.asyncDispose]()
      throw error
    }
  },

  async proxpi({ upstream, folder, keepFolder, progress }) {
    const gunicorn = await installPeer('proxpi', keepFolder, progress)
    const port = await freePort()
    const cache = join(folder, 'cache')
    await mkdir(cache)
    const program = await startProgram({
      // As its own container runs it.
      command: [
        gunicorn,
        ...['--preload', '--threads', '12', '--bind', `127.0.0.1:${port}`, 'proxpi.server:app'],
      ],
      cwd: folder,
      env: {
        PROXPI_INDEX_URL: `${upstream}/simple/`,
        PROXPI_CACHE_DIR: cache,
        PROXPI_INDEX_TTL: '86400',
      },
    })
    return await listening('proxpi', program, port, '/index')
  },
}

async function listening(
  name: RegistryPeer,
  program: Program,
  port: number,
  path: string,
): Promise<RunningRegistry> {
  const url = `http://127.0.0.1:${port}${path}`
  if (!(await isListening(port, 60_000))) {
    await program.stop()
    throw new Error(`it does not listen: ${program.output.slice(-400)}`)
  }
  return {
    name,
    url,
    rssBytes: () => residentBytes(program.pid),
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  }
}

/** devpi has no mirror of its own under `--no-root-pypi`; one is made by its administrator, whose password is empty. */
async function addMirror(server: string, mirrorUrl: string): Promise<void> {
  const send = async (method: string, path: string, body: object, headers: Record<string, string> = {}) => {
    const answer = await fetch(`${server}${path}`, {
      method,
      headers: { 'content-type': 'application/json', accept: 'application/json', ...headers },
      body: JSON.stringify(body),
    })
    const text = await answer.text()
    if (!answer.ok)
      throw new Error(`${method} ${path} is answered with ${answer.status}: ${text.slice(0, 300)}`)
    const said: { result?: { password?: string } } = JSON.parse(text)
    return said
  }
  const login = await send('POST', '/+login', { user: 'root', password: '' })
  const token = Buffer.from(`root:${login.result?.password ?? ''}`).toString('base64')
  const mirror = { type: 'mirror', mirror_url: mirrorUrl, mirror_cache_expiry: 86_400, volatile: true }
  await send('PUT', '/root/lab', mirror, { 'x-devpi-auth': token })
}
