import { expect } from 'bun:test'
import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { dirname, join } from 'node:path'
import { setupCommand } from '../../src/cli/setup-command.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { testUnless } from '../support/test-unless.ts'
import { findClient } from './find-client.ts'
import { type RealClient, realClients } from './real-client-table.ts'

const path = process.env.PATH ?? '/usr/bin:/bin'

/** A home that no setting of the person who runs the tests reaches. */
function isolated(home: string, PATH: string, extra: RealClient['env'] = {}): Record<string, string> {
  const kept = ['PYENV_ROOT', 'RUSTUP_HOME', 'JAVA_HOME', 'LANG']
  return {
    ...Object.fromEntries(
      kept.map((name) => [name, process.env[name] ?? '']).filter(([, value]) => value !== ''),
    ),
    PATH,
    HOME: home,
    RUSTUP_HOME: process.env.RUSTUP_HOME ?? join(process.env.HOME ?? '', '.rustup'),
    XDG_CONFIG_HOME: join(home, 'config'),
    XDG_CACHE_HOME: join(home, 'cache'),
    XDG_DATA_HOME: join(home, 'share'),
    // Java takes the home from elsewhere, and these variables cannot hold a blank.
    MAVEN_OPTS: `-Duser.home=${home}`,
    GRADLE_OPTS: `-Duser.home=${home}`,
    GOTOOLCHAIN: 'local',
    npm_config_update_notifier: 'false',
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    PDM_CHECK_UPDATE: '0',
    COREPACK_ENABLE_NETWORK: '0',
    ...extra,
  }
}

/** Enough for Go to be content with the first that it asks. */
const GO_ANSWERS = {
  '/@v/list': 'v1.0.0\n',
  '/@v/v1.0.0.info': '{"Version":"v1.0.0"}',
  '/@v/v1.0.0.mod': 'module nosuch.example/pkg\n',
} as const

/** A registry that has nothing and remembers what it was asked for. */
async function registry() {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(decodeURIComponent(request.url ?? ''))
    const known = Object.entries(GO_ANSWERS).find(([end]) => request.url?.endsWith(end))
    response.writeHead(known === undefined ? 404 : 200, { 'content-type': 'text/plain' })
    response.end(known?.[1] ?? 'nothing\n')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

for (const client of realClients) {
  const found = await findClient(client, path)
  testUnless('missing' in found ? found.missing : undefined)(
    `${client.client}${client.version === undefined ? '' : ` ${client.version.source}`}${client.scope === undefined ? '' : ', in a project'}: asks the relay after setup, and the old place after the undo`,
    async () => {
      await using folder = await temporaryFolder('real-client')
      await using place = await registry()
      const home = join(folder.path, ['mvn', 'gradle'].includes(client.client) ? 'home' : 'ho me')
      const cwd = join(home, 'project')
      const env = isolated(home, 'path' in found ? found.path : '', client.env)
      await mkdir(cwd, { recursive: true })
      for (const [name, text] of Object.entries(client.files)) {
        await mkdir(dirname(join(home, name)), { recursive: true })
        await writeFile(join(home, name), text.replaceAll('OLD', `${place.url}/old`))
      }
      const before = await texts(home, client)

      if (client.old !== undefined) expect(await askedBy(client, cwd, env, place.asked)).toContain(client.old)
      const scope = client.scope === undefined ? [] : ['--scope', client.scope]
      expect(await setup([client.client, ...scope, '--url', place.url, '--yes'], cwd, env)).toBe(0)
      expect(await texts(home, client)).not.toEqual(before)
      const asked = await askedBy(client, cwd, env, place.asked)
      expect(asked).toContain(client.ours)
      expect(asked.filter((one) => one.startsWith('/old'))).toEqual([])
      expect(await setup(['--undo', '--yes'], cwd, env)).toBe(0)
      expect(await texts(home, client)).toEqual(before)
      if (client.old !== undefined) {
        const again = await askedBy(client, cwd, env, place.asked)
        expect(again).toContain(client.old)
        expect(again).not.toContain(client.ours)
      }
    },
    120_000,
  )
}

/** What the client asks the registry for; whether it then fails, as it must, is its own business. */
async function askedBy(
  { argv }: RealClient,
  cwd: string,
  env: Record<string, string>,
  asked: string[],
): Promise<readonly string[]> {
  asked.length = 0
  const [command, ...args] = argv
  await new Promise<void>((resolve) => {
    execFile(command, args, { cwd, env, timeout: 40_000, killSignal: 'SIGKILL' }, () => resolve())
  })
  for (const cache of ['cache', '.npm', '.m2/repository']) {
    await rm(join(env.HOME ?? '', cache), { recursive: true, force: true })
  }
  return [...asked]
}

async function setup(args: readonly string[], cwd: string, env: Record<string, string>): Promise<number> {
  const ignored = { write: () => true }
  const io = { stdout: ignored, stderr: ignored, env, cwd }
  return setupCommand([...args, '--data', join(env.HOME ?? '', 'posthaste')], io, { ask: undefined })
}

/** The bytes of the client's settings files, those that setup may have made included. */
async function texts(home: string, { files }: RealClient): Promise<Readonly<Record<string, string>>> {
  const folders = new Set(Object.keys(files).map((name) => dirname(name)))
  const known = new Set(Object.keys(files))
  const rows: [string, string][] = []
  for (const folder of folders) {
    for (const entry of await readdir(join(home, folder), { withFileTypes: true })) {
      const { name } = entry
      const file = join(folder, name)
      if (!entry.isFile()) continue
      if (known.has(file) || /rc$|\.(toml|yml|xml|gradle)$/.test(name)) {
        rows.push([file, (await readFile(join(home, file))).toString('hex')])
      }
    }
  }
  return Object.fromEntries(rows.sort())
}
