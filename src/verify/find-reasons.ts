/** Why a client does not go where it should: what its settings say. */

import { type Client, effective, isLoopback, type Layer } from '../clients/client.ts'
import { environmentLayer, unsetting } from '../clients/environment.ts'
import type { Machine } from '../clients/machine.ts'
import type { GoEnv } from '../config/go-env.ts'
import { parseGoproxyList } from '../ecosystems/go/goproxy-list.ts'
import { compilePatterns } from '../policy/private-patterns.ts'

/** A cause with what to do about it, a sentence each. */
export interface Reason {
  readonly text: string
  readonly fix: string
}

export interface ReasonsOptions {
  readonly client: Client
  readonly machine: Machine
  /** Strongest first. */
  readonly layers: readonly Layer[]
  readonly isOurs: (url: string) => boolean
  readonly base: string
  /** Go's own words about its settings. */
  readonly go: GoEnv | undefined
  readonly packageName: string
}

export async function findReasons(options: ReasonsOptions): Promise<readonly Reason[]> {
  const found = settingReason(options)
  return [
    ...(found === undefined ? [] : [found]),
    ...(await goReasons(options)),
    ...(await proxyReasons(options)),
  ]
}

/** The setting that counts leads elsewhere. */
export function settingReason({
  client,
  layers,
  isOurs,
  go,
}: Pick<ReasonsOptions, 'client' | 'layers' | 'isOurs' | 'go'>): Reason | undefined {
  const now = effective(layers)
  const value = client.id === 'go' ? (go?.GOPROXY ?? now?.value) : now?.value
  const setup = `posthaste setup ${client.id}`
  if (value === undefined || now === undefined) {
    return { text: `${client.setting} is set nowhere: it goes to its built-in registry`, fix: setup }
  }
  if (leadsToUs(client, value, isOurs)) return undefined
  const fix =
    now.setter === 'environment'
      ? unsetting(now.where)
      : now.setter === 'project'
        ? `take it out of ${now.where}`
        : setup
  const ours = layers.find(
    (layer) => layer !== now && layer.value !== undefined && leadsToUs(client, layer.value, isOurs),
  )
  const beaten = ours === undefined ? '' : `, which stands above ${ours.where}`
  return { text: `${client.setting}: ${now.where} (${now.setter}) says ${value}${beaten}`, fix }
}

/** For Go the first of the list counts; any other client has one address. */
export function leadsToUs(
  { id }: Pick<Client, 'id'>,
  value: string,
  isOurs: (url: string) => boolean,
): boolean {
  if (id !== 'go') return isOurs(value.replace(/^sparse\+/, ''))
  const list = parseGoproxyList(value)
  const [first] = list.ok ? list.steps : []
  return first?.kind === 'source' && isOurs(first.url)
}

async function goReasons({ client, machine, go, packageName }: ReasonsOptions): Promise<Reason[]> {
  if (client.id !== 'go' || go === undefined) return []
  const reasons: Reason[] = []
  if (go.GONOPROXY !== '' && compilePatterns([go.GONOPROXY])(packageName)) {
    const name = go.GONOPROXY === go.GOPRIVATE ? 'GOPRIVATE' : 'GONOPROXY'
    const { value, where } = await environmentLayer(machine, [name])
    const set = value === undefined ? `go env -u ${name}` : unsetting(where)
    reasons.push({ text: `${name}=${go.GONOPROXY} covers ${packageName}: Go asks no proxy for it`, fix: set })
  }
  if (machine.env.GO111MODULE === 'off') {
    reasons.push({ text: 'GO111MODULE=off: Go asks no proxy at all', fix: 'unset GO111MODULE' })
  }
  return reasons
}

/** A proxy of the environment stands between the client and the relay. */
async function proxyReasons({ client, machine, base }: ReasonsOptions): Promise<Reason[]> {
  const { hostname, protocol } = new URL(base)
  // net/http takes no proxy for this machine; the others do.
  if (client.id === 'go' && isLoopback(hostname)) return []
  const https = ['HTTPS_PROXY', 'npm_config_https_proxy']
  const http = ['HTTP_PROXY', 'npm_config_proxy']
  // npm and its kin take the proxy for https for http too, and before the other one (@npmcli/agent).
  const names = protocol === 'https:' ? https : client.ecosystem === 'npm' ? [...https, ...http] : http
  const { value, where } = await environmentLayer(machine, [...names, 'ALL_PROXY'], { anyCase: true })
  if (value === undefined) return []
  const { value: except = '' } = await environmentLayer(machine, ['NO_PROXY'], { anyCase: true })
  if (isExcepted(hostname, except)) return []
  const text = `${where}=${value} stands between it and ${hostname}, which NO_PROXY does not name`
  return [{ text, fix: `NO_PROXY=${[except, hostname].filter(Boolean).join(',')}` }]
}

function isExcepted(host: string, list: string): boolean {
  const items = list.split(/[\s,]+/).map((item) => item.replace(/:\d+$/, '').replace(/^\*?\./, ''))
  return items.some((item) => item !== '' && (item === '*' || host === item || host.endsWith(`.${item}`)))
}
