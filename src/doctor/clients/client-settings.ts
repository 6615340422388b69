import type { Client } from '../../clients/client.ts'
import { environmentLayer } from '../../clients/environment.ts'
import { type Machine, shortPath } from '../../clients/machine.ts'
import { mask } from '../../observe/mask.ts'
import type { SettingFact } from '../evidence.ts'
import { credentialMistake, noProxyMistakes } from '../probes/proxy-variables.ts'
import { chooseProxy, type Route, type RouteTo, type SpareProxy } from '../route.ts'
import { hostOf, type Target } from '../target.ts'
import { type ClientProxies, clientProxies, type ProxySetting } from './client-proxies.ts'
import { clientsAround, clientsPresent } from './clients-meant.ts'
import { settingsFiles } from './settings-files.ts'
import { settingsMistake } from './settings-mistake.ts'

type Env = Readonly<Record<string, string | undefined>>

/** What clients' own settings mean for a run. */
export interface ClientSettings {
  readonly facts: readonly SettingFact[]
  readonly routeTo: RouteTo
  readonly spares: readonly SpareProxy[]
}

export interface ClientQuestion {
  /** Clients and ecosystems that a person named; none: all clients of the targets' ecosystems that can be run here. */
  readonly words: readonly string[]
  readonly targets: readonly Target[]
  /** What this program itself goes by. */
  readonly env: Env
  readonly machine: Machine
}

const proxyVariables = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy']

/**
 * Reads the settings of the clients that a run is about. Where a person named clients, addresses are gone to as these
 * go; else as this program goes, and the clients' proxies are tried beside. Throws what the file system says.
 */
export async function readClientSettings(question: ClientQuestion): Promise<ClientSettings> {
  const { words, targets, env, machine } = question
  const own = targets.filter(({ role }) => role !== 'control')
  const ecosystems = new Set(own.flatMap(({ ecosystem }) => ecosystem ?? []))
  const meant = await Promise.all(words.map((word) => clientsPresent(word, machine)))
  const named = [...new Set(meant.flat())]
  const asked = named.length > 0 ? named : await clientsAround(ecosystems, machine)
  const [mistakes, proxies, setBy] = await Promise.all([
    Promise.all(asked.map((client) => brokenFiles(client, machine))),
    Promise.all(asked.map((client) => clientProxies(client, machine))),
    variableOrigins(env, machine),
  ])
  const usual: Route = { env, setBy }
  const routes = proxies.map((one) => ({ client: one.client, route: routeOf(one, usual) }))
  const routeTo = named.length === 0 ? () => usual : routeChooser(routes, own, usual)
  return {
    facts: [
      ...uniqueFacts(mistakes.flat()),
      ...uniqueFacts(proxies.flatMap(settingMistakes)),
      ...(named.length === 0 ? [] : proxies.flatMap((one) => ignoredVariables(one, env))),
    ],
    routeTo,
    spares: sparesOf(routes, own, routeTo),
  }
}

async function brokenFiles(client: Client, machine: Machine): Promise<readonly SettingFact[]> {
  const files = await settingsFiles(client, machine)
  const found = await Promise.all(
    files.map(async (file): Promise<readonly SettingFact[]> => {
      const mistake = await settingsMistake(file, machine)
      if (mistake === undefined) return []
      const where = `${shortPath(file.path, machine)}${mistake.line === undefined ? '' : `:${mistake.line}`}`
      return [{ ...wrong(where, 'config.broken', mistake.what), client: client.title }]
    }),
  )
  return found.flat()
}

function settingMistakes({ https, http, noProxy }: ClientProxies): SettingFact[] {
  const credentials = [https, http].flatMap((proxy): SettingFact[] => {
    const mistake = proxy === undefined || isVariable(proxy) ? undefined : credentialMistake(proxy.value)
    return mistake === undefined || proxy === undefined
      ? []
      : [{ ...wrong(proxy.foundIn, 'proxy.credentials', mistake), value: mask(proxy.value) }]
  })
  const exempt = noProxy === undefined || isVariable(noProxy) ? [] : noProxyMistakes(noProxy.value)
  return exempt.length === 0
    ? credentials
    : [...credentials, wrong(noProxy?.foundIn ?? '', 'proxy.no_proxy', exempt.join('; '))]
}

/** Those are looked at by themselves. */
function isVariable({ foundIn }: ProxySetting): boolean {
  return !foundIn.includes(' in ')
}

function ignoredVariables({ client, https, http, readsVariables }: ClientProxies, env: Env): SettingFact[] {
  const name = proxyVariables.find((one) => env[one])
  if (readsVariables || name === undefined || https !== undefined || http !== undefined) return []
  const java = ['MAVEN_OPTS', 'MAVEN_ARGS', 'GRADLE_OPTS', 'JAVA_OPTS', 'JAVA_TOOL_OPTIONS']
  if (java.some((variable) => env[variable]?.includes('proxyHost'))) return []
  return [{ ...wrong(name, 'proxy.ignored', client.title), foundIn: 'environment' }]
}

function wrong(name: string, problem: string, detail: string): SettingFact {
  return { probe: 'setting', outcome: 'wrong', name, value: '', foundIn: name, problem, detail }
}

/** npm and pnpm read the same file: what is wrong there is said once. */
function uniqueFacts(facts: readonly SettingFact[]): SettingFact[] {
  return [
    ...new Map(facts.toReversed().map((fact) => [`${fact.problem} ${fact.name}`, fact])).values(),
  ].reverse()
}

async function variableOrigins(env: Env, machine: Machine): Promise<Readonly<Record<string, string>>> {
  const set = proxyVariables.filter((name) => env[name])
  const origins = await Promise.all(
    set.map(async (name) => [name, (await environmentLayer({ ...machine, env }, [name])).where]),
  )
  return Object.fromEntries(origins)
}

/** The client's settings as variables, which is how proxies are chosen. */
function routeOf({ https, http, noProxy, readsVariables }: ClientProxies, usual: Route): Route {
  if (https === undefined && http === undefined && readsVariables) return usual
  const dropped = new Set(readsVariables ? [] : proxyVariables)
  if (https !== undefined) dropped.add('https_proxy')
  if (http !== undefined) dropped.add('http_proxy')
  if (noProxy !== undefined) dropped.add('no_proxy')
  return {
    env: {
      ...Object.fromEntries(Object.entries(usual.env).filter(([name]) => !dropped.has(name))),
      ...(https && { HTTPS_PROXY: https.value }),
      ...(http && { HTTP_PROXY: http.value }),
      ...(noProxy && { NO_PROXY: noProxy.value }),
    },
    setBy: {
      ...usual.setBy,
      ...(https && { HTTPS_PROXY: https.foundIn }),
      ...(http && { HTTP_PROXY: http.foundIn }),
    },
  }
}

interface ClientRoute {
  readonly client: Client
  readonly route: Route
}

/** One client's way is the run's. Of several each has its own hosts: those of its address, else of its ecosystem. */
function routeChooser(routes: readonly ClientRoute[], targets: readonly Target[], usual: Route): RouteTo {
  const [first] = routes
  if (first !== undefined && routes.length === 1) return () => first.route
  return (url) => {
    const same = targets.filter((target) => hostOf(target) === hostOf({ url }))
    const byClient = routes.find(({ client }) => same.some((target) => target.client === client.id))
    const byKind = routes.find(({ client }) => same.some(({ ecosystem }) => ecosystem === client.ecosystem))
    return (byClient ?? byKind)?.route ?? usual
  }
}

/** A client's own proxy, with an address that the client fetches, where no target is gone to that way. */
function sparesOf(
  routes: readonly ClientRoute[],
  targets: readonly Target[],
  routeTo: RouteTo,
): readonly SpareProxy[] {
  const known = new Set<string>()
  const taken = (url: URL, route: Route) => {
    const chosen = chooseProxy(url, route)
    return chosen.outcome === 'direct' ? undefined : `${chosen.outcome} ${chosen.foundIn}`
  }
  for (const target of targets) known.add(taken(target.url, routeTo(target.url)) ?? '')
  return routes.flatMap(({ client, route }): SpareProxy[] => {
    const theirs = targets.filter(({ ecosystem }) => ecosystem === client.ecosystem)
    return (theirs.length > 0 ? theirs : targets.slice(0, 1)).flatMap(({ url }): SpareProxy[] => {
      const key = taken(url, route)
      if (key === undefined || known.has(key)) return []
      known.add(key)
      return [{ url, route }]
    })
  })
}
