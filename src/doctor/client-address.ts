import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { EcosystemName } from '../mirrors/catalogue.ts'
import { webAddress } from './find-targets.ts'
import type { Target } from './target.ts'

type Env = Readonly<Record<string, string | undefined>>

/** Where a client of this ecosystem fetches from now; undefined where neither its settings nor itself tell. */
export async function clientAddress(
  ecosystem: EcosystemName,
  env: Env,
  cwd: string,
): Promise<Target | undefined> {
  const found = await sources[ecosystem](env, cwd)
  const url = found === undefined ? undefined : webAddress(found.address)
  return found === undefined || url === undefined
    ? undefined
    : { url, role: 'client', ecosystem, foundIn: found.foundIn }
}

interface Found {
  readonly address: string
  readonly foundIn: string
}

const sources: Readonly<Record<EcosystemName, (env: Env, cwd: string) => Promise<Found | undefined>>> = {
  go: async () => undefined,
  npm: async (env, cwd) => {
    const variable = ['npm_config_registry', 'NPM_CONFIG_REGISTRY'].find((name) => env[name])
    if (variable !== undefined) return { address: env[variable] ?? '', foundIn: variable }
    const said = await ask('npm', ['config', 'get', 'registry'], env, cwd)
    return said === undefined ? undefined : { address: said, foundIn: 'npm config' }
  },
  pypi: async (env, cwd) => {
    const variable = ['PIP_INDEX_URL', 'UV_DEFAULT_INDEX', 'UV_INDEX_URL'].find((name) => env[name])
    if (variable !== undefined) return { address: env[variable] ?? '', foundIn: variable }
    const said = await ask('pip', ['config', 'get', 'global.index-url'], env, cwd)
    return said === undefined ? undefined : { address: said, foundIn: 'pip config' }
  },
  cargo: async (env) => {
    const home = env.CARGO_HOME || join(env.HOME || homedir(), '.cargo')
    const text = await read(join(home, 'config.toml'))
    const address = /^\s*registry\s*=\s*"(?:sparse\+)?(https?:[^"]+)"/m.exec(text)?.[1]
    return address === undefined ? undefined : { address, foundIn: join(home, 'config.toml') }
  },
  maven: async (env) => {
    const file = join(env.HOME || homedir(), '.m2', 'settings.xml')
    const mirror = /<mirror>[\s\S]*?<url>\s*([^<\s]+)\s*<\/url>/.exec(await read(file))?.[1]
    return mirror === undefined ? undefined : { address: mirror, foundIn: file }
  },
}

const patienceMs = 4_000

async function ask(
  command: string,
  args: readonly string[],
  env: Env,
  cwd: string,
): Promise<string | undefined> {
  const run = promisify(execFile)
  const answer = await run(command, [...args], { env: { ...env }, cwd, timeout: patienceMs }).catch(
    () => undefined,
  )
  const text = answer?.stdout.trim() ?? ''
  return text === '' || text === 'undefined' ? undefined : text
}

/** A file that is not there sets nothing. */
function read(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '')
}
