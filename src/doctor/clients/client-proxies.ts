import { join } from 'node:path'
import type { Client } from '../../clients/client.ts'
import { environmentLayer } from '../../clients/environment.ts'
import { SettingsFileError } from '../../clients/file-text.ts'
import { type Machine, shortPath, xdgConfig } from '../../clients/machine.ts'
import { mavenProxies, noProxyOf, proxyUrl } from './java-proxies.ts'
import { type ProxyKeys, proxyKeys } from './proxy-keys.ts'
import { readSetting } from './read-setting.ts'
import { type SettingsFile, type SettingsFormat, settingsFiles } from './settings-files.ts'

export interface ProxySetting {
  /** As it is written: may hold credentials, may be no address. */
  readonly value: string
  /** `https-proxy in ~/.npmrc:3`, or a variable. */
  readonly foundIn: string
}

/** The proxies that a client's own settings name, beside the variables that all programs know. */
export interface ClientProxies {
  readonly client: Client
  readonly https: ProxySetting | undefined
  readonly http: ProxySetting | undefined
  /** What is exempt, as NO_PROXY says it; undefined: what NO_PROXY itself says. */
  readonly noProxy: ProxySetting | undefined
  /** False: HTTPS_PROXY and its like mean nothing to it. */
  readonly readsVariables: boolean
}

interface Source {
  readonly client: Client
  readonly machine: Machine
  /** Strongest first, and only what could be read. */
  readonly files: readonly (SettingsFile & { readonly text: string })[]
}

/** What a client's settings say of proxies. A file that the client cannot read says nothing here: it is a finding of its own. */
export async function clientProxies(client: Client, machine: Machine): Promise<ClientProxies> {
  const source = { client, machine, files: await readFiles(client, machine) }
  if (client.id === 'mvn') return mavenClient(source)
  if (client.id === 'gradle') return gradleClient(source)
  const keys = proxyKeys[client.id]
  const none = { client, https: undefined, http: undefined, noProxy: undefined, readsVariables: true }
  if (keys === undefined) return none
  const [https, http] = await Promise.all([setting(source, keys, 'https'), setting(source, keys, 'http')])
  if (https === undefined && http === undefined) return { ...none, readsVariables: keys.readsVariables }
  const own = await setting(source, keys, 'noProxy')
  const nothing = keys.ignoresNoProxy ? { value: '', foundIn: '' } : undefined
  return { client, https, http, noProxy: own ?? nothing, readsVariables: keys.readsVariables }
}

async function readFiles(client: Client, machine: Machine): Promise<Source['files']> {
  const files = await settingsFiles(client, machine)
  const read = await Promise.all(
    files.map(async (file) => {
      const text = await machine.readText(file.path).catch(() => undefined)
      return text === undefined ? [] : [{ ...file, text }]
    }),
  )
  return read.flat()
}

async function setting(
  source: Source,
  keys: ProxyKeys,
  kind: 'https' | 'http' | 'noProxy',
): Promise<ProxySetting | undefined> {
  const general = keys.variablesFirst?.[kind]?.find((name) => source.machine.env[name])
  if (general !== undefined) return undefined
  for (const { variables = [], inFiles } of keys[kind]) {
    const { where, value } = await environmentLayer(source.machine, variables, { anyCase: keys.anyCase })
    const found = value === undefined ? inFile(source, inFiles) : { value, foundIn: where }
    if (found === undefined) continue
    const expanded = expand(found.value, source.machine.env)
    if (!/^(null|false|undefined)?$/.test(expanded))
      return { value: keys.complete?.(expanded) ?? expanded, foundIn: found.foundIn }
  }
  return keys.git === true && kind !== 'noProxy' ? gitProxy(source.machine) : undefined
}

/** The strongest file that says anything of it. */
function inFile(
  { files, machine }: Source,
  names: Partial<Record<SettingsFormat, readonly string[]>>,
): ProxySetting | undefined {
  for (const { path, format, text } of files) {
    const prefix = path.endsWith('pyproject.toml') ? 'tool.uv.' : ''
    for (const name of names[format] ?? []) {
      const found = unlessBroken(() => readSetting(text, format, prefix + name))
      if (found !== undefined)
        return { value: found.value, foundIn: `${name} in ${shortPath(path, machine)}:${found.line}` }
    }
  }
  return undefined
}

/** Cargo asks git's settings before the variables (The Cargo Book, http.proxy). */
async function gitProxy(machine: Machine): Promise<ProxySetting | undefined> {
  for (const path of [join(machine.home, '.gitconfig'), join(xdgConfig(machine), 'git', 'config')]) {
    const text = await machine.readText(path).catch(() => undefined)
    const found = readSetting(text ?? '', 'git', 'http.proxy')
    if (found?.value)
      return { value: found.value, foundIn: `http.proxy in ${shortPath(path, machine)}:${found.line}` }
  }
  return undefined
}

/** For https Maven takes the proxy of that protocol, else that of http. */
function mavenClient({ client, machine, files }: Source): ClientProxies {
  const all = files.flatMap(({ path, text }) =>
    (unlessBroken(() => mavenProxies(text)) ?? []).map((proxy) => ({ ...proxy, path })),
  )
  const called = (protocol: string) => all.find((proxy) => proxy.protocol === protocol)
  const shown = (proxy: (typeof all)[number] | undefined) =>
    proxy && { value: proxy.url, foundIn: `<proxy> in ${shortPath(proxy.path, machine)}:${proxy.line}` }
  const [https, http] = [called('https') ?? called('http'), called('http')]
  return {
    client,
    https: shown(https),
    http: shown(http),
    noProxy: { value: https?.noProxy ?? '', foundIn: shown(https)?.foundIn ?? '' },
    readsVariables: false,
  }
}

function gradleClient({ client, machine, files }: Source): ClientProxies {
  const property = (name: string) =>
    files
      .filter(({ format }) => format === 'properties')
      .flatMap(({ path, text }) => {
        const found = readSetting(text, 'properties', `systemProp.${name}`)
        const place = `systemProp.${name} in ${shortPath(path, machine)}`
        return found === undefined ? [] : [{ value: found.value, foundIn: `${place}:${found.line}` }]
      })
      .at(0)
  const proxy = (scheme: 'https' | 'http'): ProxySetting | undefined => {
    const host = property(`${scheme}.proxyHost`)
    if (host === undefined || host.value === '') return undefined
    const said = (name: string) => property(`${scheme}.${name}`)?.value ?? ''
    const port = said('proxyPort') || (scheme === 'https' ? '443' : '80')
    const parts = { host: host.value, port, user: said('proxyUser'), password: said('proxyPassword') }
    return { value: proxyUrl(parts), foundIn: host.foundIn }
  }
  const exempt = property('http.nonProxyHosts')
  return {
    client,
    https: proxy('https'),
    http: proxy('http'),
    noProxy: { value: noProxyOf(exempt?.value ?? ''), foundIn: exempt?.foundIn ?? '' },
    readsVariables: false,
  }
}

/** `${NAME}`, `${NAME-word}` and `${NAME:-word}`, as the clients of npm and Yarn 4 have them. */
function expand(value: string, env: Machine['env']): string {
  return value.replace(
    /\$\{([A-Za-z_]\w*)(?::?-([^}]*)|\?)?\}/g,
    (_, name: string, word = '') => env[name] || word,
  )
}

function unlessBroken<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof SettingsFileError) return undefined
    throw error
  }
}
