import { DnsStage } from './dns-stage.ts'
import { Endpoint } from './endpoint.ts'
import type { Evidence, ExchangeFact, ExchangePurpose } from './evidence.ts'
import { exchange } from './probes/exchange.ts'
import type { Run } from './run.ts'
import { endpointOf, hostOf } from './target.ts'

export interface Answer {
  readonly fact: ExchangeFact & Pick<Evidence, 'id'>
  /** Where it came from, after redirects. */
  readonly url: URL
  /** Where it leads on, with all its secrets. */
  readonly next: URL | undefined
  /** Empty when it did not come whole. */
  readonly body: Buffer
}

export const mostRedirects = 10
const mostBodyBytes = 4 * 2 ** 20

export interface GetOptions {
  readonly headers?: Readonly<Record<string, string>>
  readonly mostBytes?: number
  /** Where in a chain of redirects it stands. */
  readonly place?: Pick<ExchangeFact, 'origin' | 'hop'>
}

/** Requests by address; every new host on the way is looked at like the first one. */
export class Web {
  readonly dns: DnsStage
  readonly #run: Run
  readonly #endpoints = new Map<string, Endpoint>()

  constructor(run: Run) {
    this.#run = run
    this.dns = new DnsStage(run)
  }

  endpoint(url: URL): Endpoint {
    const name = endpointOf({ url })
    const known = this.#endpoints.get(name)
    if (known !== undefined) return known
    const made = new Endpoint(url, this.#run, this.dns, {
      otherOpenAddress: (than) => this.#otherOpenAddress(than),
    })
    this.#endpoints.set(name, made)
    return made
  }

  /** One request; undefined when there is no connection that it may be sent over. */
  async get(
    url: URL,
    purpose: ExchangePurpose,
    { headers = {}, mostBytes = mostBodyBytes, place = {} }: GetOptions = {},
  ): Promise<Answer | undefined> {
    const endpoint = this.endpoint(url)
    const common = { probe: 'http', purpose, ...place, host: endpoint.host } as const
    const unsent = (code: string) => {
      const nothing = { bodyBytes: 0, isHtml: false, code }
      this.#run.record(endpoint.name, 0, { ...common, outcome: 'unsent', url: url.origin, ...nothing })
      return undefined
    }
    if ((await endpoint.ready()) === 'failed') return isOnTheWay(purpose) ? unsent('connect') : undefined
    if (this.#run.signal.aborted) return undefined
    const opened = await endpoint.openForRequest()
    if ('failed' in opened) return unsent(opened.failed)
    const { limits, signal, options } = this.#run
    const { fact, location, body, tookMs } = await exchange({
      socket: opened.socket,
      url,
      absolute: opened.absolute,
      headers: {
        'User-Agent': `posthaste/${options.version} (doctor)`,
        Accept: '*/*',
        'Accept-Encoding': 'identity',
        ...credentialsOf(url),
        ...(options.headers[url.host] ?? options.headers[url.hostname] ?? {}),
        ...(opened.absolute ? proxyCredentials(endpoint) : {}),
        ...headers,
      },
      mostBytes,
      firstByteMs: limits.firstByteMs,
      stallMs: limits.stallMs,
      transferMs: limits.transferMs,
      nowMs: options.nowMs,
      signal,
    })
    const recorded = this.#run.record(endpoint.name, tookMs, { ...common, ...fact })
    return { fact: recorded, url, next: redirectOf(fact.status, location, url), body }
  }

  /** `get` that follows redirects; the answer is the last one that came. */
  async follow(url: URL, purpose: ExchangePurpose): Promise<Answer | undefined> {
    const first = await this.get(url, purpose)
    let answer = first
    for (let hop = 1; hop <= mostRedirects + 1 && answer?.next !== undefined; hop++) {
      const place = { origin: first?.fact.id ?? '', hop }
      const followed = await this.get(answer.next, 'redirected', { place })
      if (followed === undefined) return answer
      answer = followed
    }
    return answer
  }

  async #otherOpenAddress(than: Endpoint) {
    const others = [...this.#endpoints.values()].filter(
      (endpoint) => endpoint.secure && endpoint.host !== than.host && endpoint.proxy === undefined,
    )
    for (const other of others) {
      if ((await other.reach()) === 'open' && other.address !== undefined && other.address !== than.address)
        return { address: other.address, port: other.port, host: other.host }
    }
    return undefined
  }
}

function redirectOf(status: number | undefined, location: string | undefined, from: URL): URL | undefined {
  if (!isRedirect(status) || location === undefined) return undefined
  const next = URL.parse(location, from.href)
  return next !== null && /^https?:$/.test(next.protocol) ? next : undefined
}

/** The statuses that clients follow (RFC 9110 15.4). */
export function isRedirect(status: number | undefined): boolean {
  return status !== undefined && [301, 302, 303, 307, 308].includes(status)
}

/** Asked for at a host that may be no target: that it cannot be reached is said nowhere else. */
function isOnTheWay(purpose: ExchangePurpose): boolean {
  return purpose === 'redirected' || purpose === 'small' || purpose === 'medium'
}

function credentialsOf({ username, password }: URL): Readonly<Record<string, string>> {
  if (username === '') return {}
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { Authorization: `Basic ${Buffer.from(pair).toString('base64')}` }
}

function proxyCredentials({ proxy }: Endpoint): Readonly<Record<string, string>> {
  if (proxy?.credentials === undefined) return {}
  const pair = `${proxy.credentials.user}:${proxy.credentials.password}`
  return { 'Proxy-Authorization': `Basic ${Buffer.from(pair).toString('base64')}` }
}

/** For reports: the host of an address. */
export function hostOfUrl(url: string): string {
  const parsed = URL.parse(url)
  return parsed === null ? url : hostOf({ url: parsed })
}
