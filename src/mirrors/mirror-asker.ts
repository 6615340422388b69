/** Asks one mirror for documents and pinned files, within what one measurement may cost it. */

import type { SecureContext } from 'node:tls'
import { broken } from '../upstream/failure.ts'
import type { HttpClient } from '../upstream/http-client.ts'
import type { Network } from '../upstream/network.ts'
import type { EcosystemName, PinnedProbe } from './catalogue.ts'
import { below, locateProbe } from './locate-probe.ts'
import type { MeasuringLimits } from './measuring-limits.ts'
import { type Meter, type ProbeAnswer, type ProbeRequest, probe } from './probe-client.ts'
import { disproof, isHtml } from './prove-bytes.ts'
import { htmlAnswer, WrongAnswer } from './wrong-answer.ts'

/** What all sessions of a run share. */
export interface MeasuringTools {
  readonly http: HttpClient
  readonly network: Network
  readonly trust: () => Promise<SecureContext>
  readonly env: Readonly<Record<string, string | undefined>>
  /** Credentials for an address, sent to its own host only. */
  readonly ownHeaders: (url: URL) => Readonly<Record<string, string>>
  /** The checksum database's name, where it is known. */
  readonly sumdbName: string | undefined
  /** The registry's own name, for addresses that hold it. */
  readonly registryName: string | undefined
  readonly limits: MeasuringLimits
}

/** No document that is asked for is longer. */
export const smallBytes = 2 * 2 ** 20

export class MirrorAsker {
  readonly meter: Meter
  readonly #ecosystem: EcosystemName
  readonly #tools: MeasuringTools

  constructor(ecosystem: EcosystemName, tools: MeasuringTools) {
    this.#ecosystem = ecosystem
    this.#tools = tools
    this.meter = { requests: 0, answers: 0, bytes: 0, maxBytes: tools.limits.bytesPerMirror }
  }

  /** @throws UpstreamError, or `signal.reason` when that aborts */
  async get(request: ProbeRequest, signal: AbortSignal): Promise<ProbeAnswer> {
    const ownHeaders = this.#tools.ownHeaders(request.url)
    return await probe(this.#tools.http, { ...request, ownHeaders }, this.meter, signal)
  }

  /** A document that must be there; anything but 200 throws. */
  async document(url: URL, signal: AbortSignal): Promise<ProbeAnswer> {
    const answer = await this.get({ url, maxBytes: smallBytes, limitMs: this.#tools.limits.smallMs }, signal)
    expect200(answer, url)
    const pages = this.#ecosystem === 'pypi'
    if (!pages && isHtml(answer.bytes, answer.mediaType)) throw htmlAnswer(url)
    return answer
  }

  /** Where a pinned file lies; throws when the mirror does not say. */
  async locate(base: URL, pinned: PinnedProbe, signal: AbortSignal): Promise<URL> {
    const readPage = async (path: string) => {
      const { bytes, url } = await this.document(below(base, path), signal)
      return { text: Buffer.from(bytes).toString('utf8'), url }
    }
    const url = await locateProbe(this.#ecosystem, base, pinned, readPage)
    if (url !== undefined) return url
    throw broken('malformed', `${base.host} does not say where ${pinned.path} lies`)
  }

  /** @throws WrongAnswer for other bytes than the pinned ones */
  async prove(pinned: PinnedProbe, answer: ProbeAnswer): Promise<void> {
    expect200(answer, answer.url)
    const wrong = await disproof(answer.bytes, pinned.hash)
    if (wrong === undefined) return
    if (isHtml(answer.bytes, answer.mediaType)) throw htmlAnswer(answer.url)
    throw new WrongAnswer({ code: 'wrong-content', message: `${answer.url.host}: ${pinned.path} ${wrong}` })
  }
}

export function expect200(answer: ProbeAnswer, url: URL): void {
  if (answer.status === 200) return
  throw broken('http', `${url.host} answered ${answer.status} for ${url.pathname}`, {
    status: answer.status,
  })
}
