import { homedir } from 'node:os'
import { parsePipConf, pipFiles } from './discover-pip-conf.ts'
import { askPython, type PythonResult } from './discover-pip-python.ts'
import type { Discovered } from './load-config.ts'
import { type ListenAddress, sourceAddress } from './network-kinds.ts'
import { isOwnAddress, localNames, type OwnAddress } from './own-address.ts'
import { maskUrls } from './problem.ts'
import { quietly, readTextFile } from './read-text-file.ts'
import { setBefore } from './set-before.ts'

type Environment = Readonly<Record<string, string | undefined>>

export interface PipIndex {
  /** A simple index, such as `https://pypi.corp.example/simple`. */
  readonly url: string
  /** `PIP_INDEX_URL in the environment`, `index-url in /etc/pip.conf`, `pip (built in)`, … */
  readonly origin: string
}

export interface PipDiscovery {
  /** Undefined when nothing is set and no Python could say its default. */
  readonly index: PipIndex | undefined
  /** The index that all others copy from: pip's own default. */
  readonly builtIn: string | undefined
  /** Why Python could not be asked, when it could not. */
  readonly reason: string | undefined
  /** What was left out or replaced, and what is dangerous, for people. */
  readonly notes: readonly string[]
}

export interface DiscoverPipOptions {
  readonly env: Environment
  /** Where this server listens: the shared address, and PyPI's own when it has one. */
  readonly listen: readonly ListenAddress[]
  /** The data folder, whose journal says what was set before pip was pointed at us. */
  readonly data: string
  /** @default `python3`, then `python` */
  readonly commands?: readonly string[]
  /** The limit for all questions to Pythons together. @default 5,000 ms */
  readonly timeoutMs?: number
  /** Nobody waits for it right now: others go first. */
  readonly inBackground?: boolean
  readonly signal?: AbortSignal
  readonly readFile?: (path: string) => Promise<string | undefined>
  readonly platform?: NodeJS.Platform
  readonly home?: string
  /** This machine's addresses and names, for a server that listens on all of them. */
  readonly local?: readonly string[]
}

/**
 * Finds the index that pip asks. Our own address is never an upstream: what was set before (the journal), else
 * another file's setting, else pip's own default takes its place. Never throws.
 */
export async function discoverPip(options: DiscoverPipOptions): Promise<PipDiscovery> {
  const { env, platform = process.platform, home = homedir(), readFile = readTextFile } = options
  const read = quietly(readFile)
  const python: PythonResult = await askPython({
    env,
    commands: options.commands ?? ['python3', 'python'],
    timeoutMs: options.timeoutMs ?? 5_000,
    inBackground: options.inBackground,
    signal: options.signal,
  })
  const { defaultIndex, prefix } = python.ok ? python.answer : { defaultIndex: undefined, prefix: undefined }
  const files = pipFiles({ env, platform, home, prefix })
  const texts = await Promise.all(files.map(async (path) => ({ path, text: await read(path) })))
  const confs = texts.map(({ path, text }) => ({ path, values: parsePipConf(text ?? '') })).reverse()

  const local = options.local ?? localNames()
  const isOurs = (url: string) => options.listen.some((listen) => leadsTo(url, { listen, local }))
  const notes: string[] = []
  const index = choose(candidates(env, confs, defaultIndex), isOurs, notes, async () => {
    const { data } = options
    const { value, origin } = await setBefore({ data, journal: 'pip.json', setting: 'index-url', read })
    return { url: value ?? '', origin }
  })
  notes.push(...extraNotes(env, confs))
  return {
    index: await index,
    builtIn: defaultIndex === undefined ? undefined : addressOf(defaultIndex),
    reason: python.ok ? undefined : python.reason,
    notes,
  }
}

/** What was found, as a layer for `loadConfig`. */
export function pipSettings({ index }: PipDiscovery): Discovered[] {
  return index === undefined ? [] : [{ key: 'pypi.upstream', value: [index.url], origin: index.origin }]
}

interface Conf {
  readonly path: string
  readonly values: ReadonlyMap<string, string>
}

/** Settings in pip's order, the strongest first; uv's own after them, where pip has none. */
function* candidates(
  env: Environment,
  confs: readonly Conf[],
  builtIn: string | undefined,
): Generator<PipIndex> {
  if (env.PIP_INDEX_URL) yield { url: env.PIP_INDEX_URL, origin: 'PIP_INDEX_URL in the environment' }
  // A command's own section goes before [global], in whatever file either stands.
  for (const section of ['install', 'global']) {
    for (const { path, values } of confs) {
      const url = values.get(`${section}.index-url`)
      if (url) yield { url, origin: `index-url in ${path}` }
    }
  }
  for (const name of ['UV_DEFAULT_INDEX', 'UV_INDEX_URL']) {
    const url = env[name]
    if (url)
      yield { url: url.replace(/^[A-Za-z0-9._-]+=(?=https?:)/, ''), origin: `${name} in the environment` }
  }
  if (builtIn !== undefined) yield { url: builtIn, origin: 'pip (built in)' }
}

async function choose(
  found: Iterable<PipIndex>,
  isOurs: (url: string) => boolean,
  notes: string[],
  before: () => Promise<PipIndex>,
): Promise<PipIndex | undefined> {
  let replaced: PipIndex | undefined
  const take = (candidate: PipIndex): PipIndex | undefined => {
    const url = addressOf(candidate.url)
    return url === undefined || isOurs(url) ? undefined : { ...candidate, url }
  }
  for (const candidate of found) {
    if (isOurs(candidate.url)) {
      if (replaced !== undefined) continue
      replaced = candidate
      const former = take(await before())
      if (former === undefined) continue
      notes.push(inPlaceOf(replaced, former))
      return former
    }
    const taken = take(candidate)
    if (taken === undefined) {
      notes.push(`${maskUrls(candidate.url)} is no address of an index; it is left out (${candidate.origin})`)
      continue
    }
    if (replaced !== undefined) notes.push(inPlaceOf(replaced, taken))
    return taken
  }
  if (replaced !== undefined) {
    notes.push(
      `${replaced.origin} leads to this server, and nothing is known in its place: set pypi.upstream`,
    )
  }
  return undefined
}

function inPlaceOf(ours: PipIndex, taken: PipIndex): string {
  return `${ours.origin} leads to this server; in its place: ${maskUrls(taken.url)}, from ${taken.origin}`
}

/** pip and uv take the best version from any of several indexes: a public one can shadow a private name. */
function extraNotes(env: Environment, confs: readonly Conf[]): string[] {
  const variables = ['PIP_EXTRA_INDEX_URL', 'UV_INDEX', 'UV_EXTRA_INDEX_URL'].filter((name) => env[name])
  const places = [
    ...variables.map((name) => `${name} in the environment`),
    ...confs.flatMap(({ path, values }) => {
      const sections = [...values].filter(([key, value]) => key.endsWith('.extra-index-url') && value !== '')
      return sections.length > 0 ? [`extra-index-url in ${path}`] : []
    }),
  ]
  return places.map(
    (place) =>
      `${place} is asked beside this server, so a public package can take a private name: use pypi.private and pypi.privateUpstream instead`,
  )
}

/** As the setting `pypi.upstream` takes it; undefined for anything else. */
function addressOf(url: string): string | undefined {
  const parsed = sourceAddress.parse(url.trim(), { folder: '/', home: '/' })
  return parsed.ok ? parsed.value : undefined
}

/** A server on any free port cannot know which port a former start had: there our path on the loopback is ours. */
function leadsTo(url: string, own: OwnAddress): boolean {
  if (own.listen.port !== 0) return isOwnAddress(url, own)
  const parsed = URL.parse(url)
  if (parsed === null || !/^\/(?:pypi\/)?simple\/*$/.test(parsed.pathname)) return false
  return isOwnAddress(new URL('/go', parsed).href, own)
}
