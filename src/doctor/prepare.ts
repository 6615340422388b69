import { getServers } from 'node:dns'
import { createSecureContext, rootCertificates } from 'node:tls'
import { thisMachine } from '../clients/machine.ts'
import type { GoDiscovery } from '../config/discover-go.ts'
import type { Loaded } from '../config/load-config.ts'
import { readTextFile } from '../config/read-text-file.ts'
import { parseGosumdb } from '../ecosystems/go/gosumdb.ts'
import { type Catalogue, type EcosystemName, ecosystems } from '../mirrors/catalogue.ts'
import { loadCatalogue } from '../mirrors/load-catalogue.ts'
import { upstreamOptions } from '../sources/upstream-options.ts'
import { classOf, classOfHost } from '../upstream/address.ts'
import { loadTrust } from '../upstream/tls-trust.ts'
import { withinTime } from '../upstream/within-time.ts'
import { VERSION } from '../version.ts'
import type { SettingFact } from './evidence.ts'
import { defaultLimits } from './limits.ts'
import { checkGoProject } from './probes/go-project.ts'
import {
  checkGoValues,
  checkModuleCache,
  type GoValues,
  readGoValues,
  requiredHosts,
} from './probes/go-settings.ts'
import { checkLockHosts } from './probes/lock-hosts.ts'
import { readAttemptTimeout } from './probes/node-settings.ts'
import { checkProxyVariables } from './probes/proxy-variables.ts'
import { parseResolverFile } from './resolver-file.ts'
import type { DoctorOptions, Lookup } from './run.ts'
import { systemLookup } from './system-lookup.ts'
import { hostOf, type Target } from './target.ts'

type Env = Readonly<Record<string, string | undefined>>

export interface Machine {
  readonly loaded: Pick<Loaded, 'config' | 'origins'>
  readonly go: GoDiscovery | undefined
  readonly env: Env
  /** The folder whose project counts; undefined for a server, which has none. */
  readonly cwd: string | undefined
}

export type Prepared = Omit<
  DoctorOptions,
  'targets' | 'onProgress' | 'signal' | 'settings' | 'routeTo' | 'spares'
> & {
  /** Variables, and the proxy of the configuration. */
  readonly env: Env
}

/** Everything that a run needs of this machine and its configuration, but for its targets. */
export async function prepare(machine: Machine): Promise<Prepared> {
  const { config } = machine.loaded
  const { env = machine.env, headers = {}, caFile } = await upstreamOptions(config, machine.env)
  const resolver = parseResolverFile((await readTextFile('/etc/resolv.conf').catch(() => undefined)) ?? '')
  const own = config.upstream.resolvers
  const system = resolver.nameServers.length > 0 ? resolver.nameServers : getServers()
  return {
    env,
    nameServers: own.length > 0 ? own : system,
    searchDomains: own.length > 0 ? [] : resolver.searchDomains,
    ndots: resolver.ndots,
    lookup: own.length > 0 ? undefined : systemLookup,
    trust: await loadTrust({ caFile, sslCertFile: env.SSL_CERT_FILE }),
    bundledTrust: createSecureContext({ ca: [...rootCertificates] }),
    allowPrivate: config.upstream.allowPrivate,
    dataFolder: config.data,
    catalogues: await loadCatalogues(machine),
    sumdbName: databaseName(machine),
    headers,
    portalProbe: undefined,
    tracePath: undefined,
    locateReset: undefined,
    limits: defaultLimits,
    version: VERSION,
    nowMs: Date.now,
    random: Math.random,
  }
}

/** Settings that are wrong by themselves: proxy variables always, Go's where a Go source is looked at. */
export async function collectSettings(
  { env, cwd }: Pick<Machine, 'env' | 'cwd'>,
  targets: readonly Target[],
): Promise<readonly SettingFact[]> {
  const facts = [...checkProxyVariables(env), ...loopbackThroughProxy(env, targets)]
  facts.push(...hostsFileFacts((await readTextFile('/etc/hosts').catch(() => undefined)) ?? '', targets))
  const concerns = (wanted: EcosystemName) =>
    targets.some(({ role, ecosystem }) => ecosystem === wanted && role !== 'control' && role !== 'given')
  const [node, locks, go] = await Promise.all([
    targets.some(({ role, ecosystem }) => ecosystem === 'npm' && role !== 'control')
      ? readAttemptTimeout(env)
      : [],
    concerns('npm') && cwd !== undefined
      ? checkLockHosts(
          thisMachine({ env, cwd }),
          targets.map(({ url }) => url.host),
        )
      : [],
    concerns('go') && cwd !== undefined ? goSettings(env, cwd) : [],
  ])
  return [...facts, ...node, ...locks, ...go]
}

async function goSettings(env: Env, cwd: string): Promise<readonly SettingFact[]> {
  const values = await readGoValues(env, cwd)
  if (values === undefined) return []
  const found = await Promise.all([
    checkModuleCache(values),
    privateHosts(cwd, values),
    checkGoProject(values),
  ])
  const all = [...checkGoValues(values), ...commaAfterFirst(values.GOPROXY), ...found.flat()]
  return all.map((fact) =>
    fact.foundIn === 'go env' && env[fact.name] ? { ...fact, foundIn: 'environment' } : fact,
  )
}

async function loadCatalogues({ loaded }: Machine): Promise<Partial<Record<EcosystemName, Catalogue>>> {
  const files = loaded.config.mirrors.catalogue
  const all = await Promise.all(
    ecosystems.map((ecosystem) =>
      loadCatalogue({ ecosystem, files, cwd: process.cwd(), readFile: readTextFile }),
    ),
  )
  return Object.fromEntries(
    all.flatMap((result) => (result.ok ? [[result.catalogue.ecosystem, result.catalogue]] : [])),
  )
}

function databaseName({ loaded, go }: Machine): string | undefined {
  const { sumdb } = loaded.config.go
  if (sumdb === undefined) return undefined
  const database = parseGosumdb(sumdb, go?.found === true ? go.databaseNames : [])
  return database.kind === 'database' ? database.name : undefined
}

/** Targets whose names the hosts file settles: nothing wrong by itself, until the address fails. */
export function hostsFileFacts(text: string, targets: readonly Target[]): SettingFact[] {
  const lines = text.split('\n').map((line) => line.replace(/#.*$/, '').trim().split(/\s+/))
  const hosts = new Set(targets.filter(({ role }) => role !== 'control').map(hostOf))
  return [...hosts].flatMap((host): SettingFact[] => {
    const addresses = lines.flatMap(([address = '', ...names]) =>
      names.some((name) => name.toLowerCase() === host) ? [address] : [],
    )
    if (addresses.length === 0 || classOfHost(host) === 'loopback') return []
    const value = addresses.join(', ')
    return [
      {
        probe: 'setting',
        outcome: 'fine',
        name: host,
        value,
        foundIn: '/etc/hosts',
        problem: 'dns.hosts_file',
      },
    ]
  })
}

/** The list with `|` in place of `,`, when the `,` stands after its first source. */
export function commaAfterFirst(list: string | undefined): SettingFact[] {
  const match = /^\s*(https?:[^,|]+),(.+)$/.exec(list ?? '')
  if (match === null) return []
  return [
    {
      probe: 'setting',
      outcome: 'fine',
      name: 'GOPROXY',
      value: list ?? '',
      foundIn: 'go env',
      problem: 'go.goproxy_comma',
      detail: `${match[1]}|${match[2]}`,
    },
  ]
}

/** For a host that may lie inside; one that takes longer says nothing of where it lies. */
const lookupMs = 3_000

/** Hosts of the project's requirements that lie inside, and that GOPRIVATE does not name. */
export async function privateHosts(
  cwd: string,
  values: GoValues,
  lookup: Lookup = systemLookup,
): Promise<SettingFact[]> {
  const found: string[] = []
  for (const host of await requiredHosts(cwd, values)) {
    const addresses = await withinTime(
      lookup(host).catch(() => []),
      lookupMs,
      () => undefined,
    )
    // The next ones would hang too, and each holds a thread.
    if (addresses === undefined) break
    if (addresses.some((address) => classOf(address) === 'private')) found.push(host)
  }
  return found.map((host) => ({
    probe: 'setting',
    outcome: 'wrong',
    name: 'GOPRIVATE',
    value: values.GOPRIVATE ?? '',
    foundIn: 'go env',
    problem: 'go.private_missing',
    detail: host,
  }))
}

const proxyNames = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy']

/** Clients that do not spare the loopback send requests for a local cache to the company's proxy. */
function loopbackThroughProxy(env: Env, targets: readonly Target[]): SettingFact[] {
  const name = proxyNames.find((candidate) => env[candidate])
  const exempt = env.NO_PROXY || env.no_proxy || ''
  const local = targets.find(
    (target) => target.role === 'client' && classOfHost(hostOf(target)) === 'loopback',
  )
  if (name === undefined || local === undefined || exempt.includes(hostOf(local)) || exempt.trim() === '*')
    return []
  const detail = `${hostOf(local)} is missing, so that some clients send requests for it to the proxy`
  return [
    {
      probe: 'setting',
      outcome: 'wrong',
      name: 'NO_PROXY',
      value: exempt,
      foundIn: 'environment',
      problem: 'proxy.no_proxy',
      detail,
    },
  ]
}
