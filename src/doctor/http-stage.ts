import type { Catalogue, PinnedProbe } from '../mirrors/catalogue.ts'
import { below, canaryAddress, locateProbe, versionsOf } from '../mirrors/locate-probe.ts'
import { disproof } from '../mirrors/prove-bytes.ts'
import type { ExchangeFact, ExchangePurpose } from './evidence.ts'
import type { Run } from './run.ts'
import { endpointOf, type Target } from './target.ts'
import type { Answer, Web } from './web.ts'

/** Slower than this is worth a second look, in bytes a second. */
const slowRate = 500_000
const slowEnoughMs = 1_500
const slowFirstByteMs = 1_000
const rangeBytes = 200

export interface SeenVersions {
  readonly target: Target
  readonly name: string
  readonly versions: ReadonlySet<string>
}

/** What one target answers: metadata, files, proof, capabilities. */
export class HttpStage {
  readonly #run: Run
  readonly #web: Web
  readonly #pages = new Map<string, Promise<Answer | undefined>>()

  constructor(run: Run, web: Web) {
    this.#run = run
    this.#web = web
  }

  /** @returns what its canary names, to be compared with others */
  async examine(target: Target): Promise<SeenVersions | undefined> {
    const name = endpointOf(target)
    const catalogue =
      target.ecosystem === undefined ? undefined : this.#run.options.catalogues[target.ecosystem]
    const metadata = await this.#run.step('http', name, () => this.#metadata(target, catalogue))
    if (catalogue === undefined || metadata === undefined || !isGood(metadata.fact, catalogue))
      return undefined
    if (target.role === 'control') return this.#canary(target, catalogue)
    const [, versions] = await Promise.all([
      this.#run.step('artifact', name, () => this.#artifacts(target, catalogue)),
      this.#canary(target, catalogue),
      this.#capabilities(target, catalogue),
    ])
    return versions
  }

  /** A medium file from another host, to compare a slow one with. */
  async compareRate(target: Target): Promise<void> {
    const catalogue =
      target.ecosystem === undefined ? undefined : this.#run.options.catalogues[target.ecosystem]
    if (catalogue === undefined) return
    const url = await this.#locate(target, catalogue, catalogue.probes.medium)
    if (url !== undefined) await this.#web.get(url, 'medium')
  }

  async #metadata(target: Target, catalogue: Catalogue | undefined): Promise<Answer | undefined> {
    const { url, purpose } = firstRequest(target, catalogue)
    const answer = await this.#web.follow(url, purpose)
    if (answer === undefined) return undefined
    const { fact } = answer
    if (isBroken(fact)) {
      await this.#run.pause()
      await Promise.all([this.#web.get(url, 'again'), this.#range(url)])
    } else if (fact.status === 429 || (fact.status ?? 0) >= 500) {
      await this.#run.pause()
      await this.#web.get(url, 'again')
    } else if (fact.status === 403 || fact.status === 405 || fact.status === 406) {
      const agent = userAgents[target.ecosystem ?? 'go'] ?? 'curl/8.5.0'
      await this.#web.get(url, 'other-agent', { headers: { 'User-Agent': agent } })
    } else if ((fact.firstByteMs ?? 0) > slowFirstByteMs) {
      await this.#web.get(url, 'again')
      await this.#web.get(url, 'again')
    }
    return answer
  }

  async #artifacts(target: Target, catalogue: Catalogue): Promise<void> {
    const { small, medium } = catalogue.probes
    if (await this.#file(target, catalogue, small, 'small'))
      await this.#file(target, catalogue, medium, 'medium')
  }

  /** @returns whether the bytes came and were the right ones */
  async #file(
    target: Target,
    catalogue: Catalogue,
    probe: PinnedProbe,
    purpose: 'small' | 'medium',
  ): Promise<boolean> {
    const url = await this.#locate(target, catalogue, probe)
    if (url === undefined) return false
    const answer = await this.#web.follow(url, purpose)
    if (answer === undefined) return false
    if (isBroken(answer.fact)) {
      await this.#run.pause()
      await Promise.all([this.#web.get(url, 'again'), this.#range(url)])
      return false
    }
    if (answer.fact.outcome === 'answer' && answer.fact.status === 200) {
      const wrong = await disproof(answer.body, probe.hash)
      this.#run.record(endpointOf(target), 0, {
        probe: 'integrity',
        outcome: wrong === undefined ? 'proved' : 'mismatch',
        host: target.url.hostname,
        url: answer.fact.url,
        ...(wrong === undefined ? {} : { reason: wrong }),
      })
    }
    if (isSlow(answer.fact)) await Promise.all([1, 2].map(() => this.#web.get(answer.url, 'parallel')))
    return answer.fact.status === 200
  }

  /** A few bytes of the same file: large answers may be lost where small ones pass. */
  #range(url: URL): Promise<Answer | undefined> {
    const headers = { Range: `bytes=0-${rangeBytes - 1}` }
    return this.#web.get(url, 'range', { headers, mostBytes: rangeBytes })
  }

  async #locate(target: Target, catalogue: Catalogue, probe: PinnedProbe): Promise<URL | undefined> {
    return locateProbe(catalogue.ecosystem, target.url, probe, async (path) => {
      const answer = await this.#page(below(target.url, path), catalogue)
      return { text: answer?.body.toString('utf8') ?? '', url: answer?.url ?? target.url }
    })
  }

  async #canary(target: Target, catalogue: Catalogue): Promise<SeenVersions | undefined> {
    const [canary] = catalogue.probes.canaries
    if (canary === undefined) return undefined
    const answer = await this.#web.follow(canaryAddress(target.url, canary), 'canary')
    if (answer === undefined || !isGood(answer.fact, catalogue)) return undefined
    const versions = versionsOf(catalogue.ecosystem, answer.body.toString('utf8'))
    return { target, name: canary.name, versions }
  }

  /** An index page; asked for once. */
  #page(url: URL, { ecosystem }: Catalogue): Promise<Answer | undefined> {
    const known = this.#pages.get(url.href)
    if (known !== undefined) return known
    const asked = this.#web.follow(url, hasPages(ecosystem) ? 'page' : 'metadata')
    this.#pages.set(url.href, asked)
    return asked
  }

  async #capabilities(target: Target, catalogue: Catalogue): Promise<void> {
    if (target.role === 'database') return
    const { sumdbName } = this.#run.options
    const asked: Promise<unknown>[] = [
      this.#web.get(below(target.url, missingPaths[catalogue.ecosystem]), 'missing'),
    ]
    if (target.ecosystem === 'go' && sumdbName !== undefined)
      asked.push(this.#web.get(below(target.url, `sumdb/${sumdbName}/supported`), 'capability'))
    if (target.ecosystem === 'pypi') asked.push(this.#announcedMetadata(target, catalogue))
    await Promise.all(asked)
  }

  /** The metadata file that the page of a wheel's project announces (PEP 658, PEP 714); pip fails where it is absent. */
  async #announcedMetadata(target: Target, catalogue: Catalogue): Promise<void> {
    const [project = '', file = ''] = catalogue.probes.small.path.split('/')
    const page = await this.#page(below(target.url, `${project}/`), catalogue)
    const text = page?.body.toString('utf8') ?? ''
    const announced = [...text.matchAll(/<a\b[^>]*>/gi)].some(
      ([tag]) => tag.includes(file) && /\sdata-(core|dist-info)-metadata\b(?!\s*=\s*"false")/i.test(tag),
    )
    const url = announced ? await this.#locate(target, catalogue, catalogue.probes.small) : undefined
    if (url !== undefined) await this.#web.get(new URL(`${url.href}.metadata`), 'announced')
  }
}

/** Packages that nobody can publish, or that nobody has a reason to: every source is to say that it has none. */
const missingPaths: Readonly<Record<Catalogue['ecosystem'], string>> = {
  go: 'posthaste.invalid/missing/@v/v1.0.0.mod',
  npm: '@posthaste-invalid%2fmissing',
  pypi: 'posthaste-invalid-missing/',
  cargo: 'po/st/posthaste-invalid-missing',
  maven: 'invalid/posthaste/missing/maven-metadata.xml',
}

function firstRequest(
  target: Target,
  catalogue: Catalogue | undefined,
): { url: URL; purpose: ExchangePurpose } {
  if (target.role === 'database') return { url: below(target.url, 'latest'), purpose: 'metadata' }
  const [path] = catalogue?.probes.metadata ?? []
  return path === undefined
    ? { url: target.url, purpose: 'page' }
    : {
        url: below(target.url, path),
        purpose: catalogue !== undefined && hasPages(catalogue.ecosystem) ? 'page' : 'metadata',
      }
}

/** Agents that the clients themselves send; some mirrors let in only those. */
const userAgents: Readonly<Record<string, string>> = {
  go: 'Go-http-client/1.1',
  npm: 'npm/11.0.0 node/v24.0.0 linux x64',
  pypi: 'pip/25.0',
  cargo: 'cargo/1.90.0',
  maven: 'Apache-Maven/3.9.11 (Java 21)',
}

function isGood({ outcome, status, isHtml }: ExchangeFact, { ecosystem }: Catalogue): boolean {
  return outcome === 'answer' && status === 200 && (!isHtml || hasPages(ecosystem))
}

/** PyPI's simple index is made of web pages (PEP 503). */
function hasPages(ecosystem: Catalogue['ecosystem']): boolean {
  return ecosystem === 'pypi'
}

function isBroken({ outcome }: ExchangeFact): boolean {
  return !['answer', 'cut-off', 'not-http', 'unsent'].includes(outcome)
}

export function isSlow(fact: ExchangeFact): boolean {
  const ms = transferMs(fact)
  return (
    (fact.outcome === 'answer' || fact.outcome === 'cut-off') && ms >= slowEnoughMs && rateOf(fact) < slowRate
  )
}

/** From the first byte to the last, in steps of 250 ms. */
export function transferMs({ bytesPerQuarterSecond = [] }: ExchangeFact): number {
  return bytesPerQuarterSecond.length * 250
}

/** Bytes a second while the body came. */
export function rateOf(fact: ExchangeFact): number {
  const ms = transferMs(fact)
  return ms === 0 ? Infinity : (fact.bodyBytes * 1000) / ms
}
