import { join } from 'node:path'
import { type GoEnv, readGoEnv } from './go-env.ts'
import { isPathPattern } from './go-kinds.ts'
import type { Discovered } from './load-config.ts'
import type { ListenAddress } from './network-kinds.ts'
import { isOwnAddress, localNames, type OwnAddress } from './own-address.ts'
import { maskUrls } from './problem.ts'
import { quietly, readTextFile } from './read-text-file.ts'
import { setBefore } from './set-before.ts'

export interface GoSetting<T> {
  readonly value: T
  /** `go env (GOPROXY in the environment)`, `go env (set by go env -w)`, … */
  readonly origin: string
}

export type GoDiscovery =
  | {
      readonly found: true
      readonly goroot: string
      /** The GOPROXY list, without our own address; undefined when the toolchain has none. */
      readonly proxy: GoSetting<string> | undefined
      readonly sumdb: GoSetting<string> | undefined
      /**
       * Names of checksum databases that this toolchain knows: the one in force, what its own files say, and its
       * default. They give a name to a setting that holds none.
       */
      readonly databaseNames?: readonly string[]
      /** GOPRIVATE and GONOPROXY together. */
      readonly private: GoSetting<readonly string[]> | undefined
      /** Only where GONOSUMDB was set by itself; else it follows what is private. */
      readonly nosumdb: GoSetting<readonly string[]> | undefined
      /** What was left out or replaced, for people. */
      readonly notes: readonly string[]
    }
  | { readonly found: false; readonly reason: string }

export interface DiscoverGoOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly listen: ListenAddress
  /** The data folder, whose journal says what was set before the toolchain was pointed at us. */
  readonly data: string
  readonly command?: string
  /** The limit for each question to the toolchain. Default: 5,000 ms. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
  readonly readFile?: (path: string) => Promise<string | undefined>
  /** This machine's addresses and names, for a server that listens on all of them. */
  readonly local?: readonly string[]
}

/**
 * Finds the Go toolchain's own settings. Our own address is never an upstream: where the GOPROXY list holds
 * it, the list that was set before (the journal, else what the environment hides in go's own file), else the
 * toolchain's default, takes the whole list's place.
 * Never throws.
 */
export async function discoverGo(options: DiscoverGoOptions): Promise<GoDiscovery> {
  const { env, command = 'go', timeoutMs = 5000, signal, readFile = readTextFile } = options
  const asked = { command, timeoutMs, signal }
  const answer = await readGoEnv(env, asked)
  if (!answer.ok) return { found: false, reason: answer.reason }
  const go = answer.env
  const read = quietly(readFile)
  const userFile = parseEnvFile(go.GOENV === 'off' ? undefined : await read(go.GOENV))
  const rootFile = parseEnvFile(go.GOROOT && (await read(join(go.GOROOT, 'go.env'))))
  const own: OwnAddress = { listen: options.listen, local: options.local ?? localNames() }
  const notes: string[] = []

  const setBy = (name: keyof GoEnv): string | undefined => {
    if (env[name]) return `${name} in the environment`
    if (userFile.has(name)) return `set by go env -w in ${go.GOENV}`
    return undefined
  }
  const originOf = (name: keyof GoEnv) =>
    `go env (${setBy(name) ?? (rootFile.has(name) ? 'default in $GOROOT/go.env' : 'built in')})`

  let proxy = filled(go.GOPROXY, originOf('GOPROXY'))
  if (proxy && holdsOwn(proxy.value, own)) {
    const mine = maskUrls(proxy.value)
    proxy = await before()
    proxy ??= filled(userFile.get('GOPROXY'), `go env (set by go env -w in ${go.GOENV})`, own)
    proxy ??= filled(rootFile.get('GOPROXY'), 'go env (default in $GOROOT/go.env)', own)
    proxy ??= await builtIn()
    notes.push(
      proxy
        ? `GOPROXY=${mine} leads to this server; in its place: ${maskUrls(proxy.value)}, from ${proxy.origin}`
        : `GOPROXY=${mine} leads to this server, and nothing is known in its place: set go.upstream`,
    )
  }

  async function before(): Promise<GoSetting<string> | undefined> {
    const { data } = options
    const { value, origin } = await setBefore({ data, journal: 'go-env.json', setting: 'GOPROXY', read })
    return filled(value, origin, own)
  }

  /** Toolchains without a go.env file have their default built in, and say it when nothing is set. */
  async function builtIn(): Promise<GoSetting<string> | undefined> {
    const bare = await bareGoEnv()
    return bare.ok ? filled(bare.env.GOPROXY, 'go env (built in)', own) : undefined
  }

  function bareGoEnv() {
    const { GOPROXY: _, GOSUMDB: __, ...others } = env
    return readGoEnv({ ...others, GOENV: 'off' }, asked)
  }

  async function databaseNames(): Promise<readonly string[]> {
    const settings = [go.GOSUMDB, userFile.get('GOSUMDB'), rootFile.get('GOSUMDB')]
    if (setBy('GOSUMDB') && !rootFile.has('GOSUMDB')) {
      const bare = await bareGoEnv()
      if (bare.ok) settings.push(bare.env.GOSUMDB)
    }
    const names = settings.map((setting) => setting?.trim().split(/[\s+]/, 1)[0] ?? '')
    return [...new Set(names)].filter((one) => one !== '' && one !== 'off')
  }

  /** As in Go, a pattern that cannot be read spoils no other. */
  function patterns(
    variables: readonly ('GOPRIVATE' | 'GONOPROXY' | 'GONOSUMDB')[],
    foundIn: keyof GoEnv,
  ): GoSetting<readonly string[]> | undefined {
    const written = variables.flatMap((name) => go[name].split(',').map((pattern) => pattern.trim()))
    const all = [...new Set(written)].filter((pattern) => pattern !== '')
    const value = all.filter(isPathPattern)
    for (const bad of all.filter((pattern) => !value.includes(pattern))) {
      notes.push(`'${bad}' in ${foundIn} is no pattern: go passes it over, and so does this server`)
    }
    return value.length > 0 ? { value, origin: originOf(foundIn) } : undefined
  }

  const [name = '', address] = go.GOSUMDB.trim().split(/\s+/)
  const sumdbIsOurs = address !== undefined && isOwnAddress(address, own)
  if (sumdbIsOurs) notes.push(`the address in GOSUMDB leads to this server and is left out`)

  return {
    found: true,
    goroot: go.GOROOT,
    proxy,
    sumdb: filled(sumdbIsOurs ? name : go.GOSUMDB, originOf('GOSUMDB')),
    databaseNames: await databaseNames(),
    private: patterns(['GOPRIVATE', 'GONOPROXY'], setBy('GOPRIVATE') ? 'GOPRIVATE' : 'GONOPROXY'),
    nosumdb: setBy('GONOSUMDB') ? patterns(['GONOSUMDB'], 'GONOSUMDB') : undefined,
    notes,
  }
}

/** What was found, as a layer for `loadConfig`. */
export function goSettings(found: GoDiscovery): Discovered[] {
  if (!found.found) return []
  const layer: [string, GoSetting<unknown> | undefined][] = [
    ['go.upstream', found.proxy],
    ['go.sumdb', found.sumdb],
    ['go.private', found.private],
    ['go.nosumdb', found.nosumdb],
  ]
  return layer.flatMap(([key, setting]) => (setting ? [{ key, ...setting }] : []))
}

function filled(value: string | undefined, origin: string, own?: OwnAddress): GoSetting<string> | undefined {
  const text = value?.trim()
  return text && !(own && holdsOwn(text, own)) ? { value: text, origin } : undefined
}

function holdsOwn(list: string, own: OwnAddress): boolean {
  return list.split(/[,|]/).some((entry) => isOwnAddress(entry.trim(), own))
}

/** As cmd/go/internal/cfg readEnvFile: what is no `NAME=value` line is passed over. */
function parseEnvFile(text: string | undefined): ReadonlyMap<string, string> {
  const lines = (text ?? '').split('\n').map((line) => /^([A-Z][^=]*)=(.*)$/.exec(line.replace(/\r$/, '')))
  return new Map(lines.flatMap((match) => (match ? [[match[1] ?? '', match[2] ?? ''] as const] : [])))
}
