import type { Measurement } from './measurement.ts'
import type { ProbeAnswer } from './probe-client.ts'
import { WrongAnswer } from './wrong-answer.ts'

/** The medium probe at one mirror: first the whole of it, and once that is proved, its second half by range. */
export class MediumBody {
  readonly url: URL
  #proved: Uint8Array | undefined
  #etag: string | undefined

  constructor(url: URL) {
    this.url = url
  }

  get #half(): number {
    return Math.floor((this.#proved?.length ?? 0) / 2)
  }

  /** For the next request; none until there is something to continue. */
  get headers(): Readonly<Record<string, string>> {
    if (this.#half === 0) return {}
    return { Range: `bytes=${this.#half}-`, ...(this.#etag === undefined ? {} : { 'If-Range': this.#etag }) }
  }

  /** Keeps a whole body whose bytes were proved. */
  keep({ headers, bytes }: ProbeAnswer): void {
    const etag = headers.get('etag')
    this.#etag = etag?.startsWith('"') ? etag : undefined
    this.#proved = bytes
  }

  /**
   * What an answer shows about ranges; undefined while nothing was asked to be continued.
   * @throws WrongAnswer for other bytes, or another range, than those asked for
   */
  judgeRange(answer: ProbeAnswer): Measurement['range'] | undefined {
    if (this.#proved === undefined) return undefined
    if (answer.status !== 206) return answer.status === 200 ? 'ignored' : undefined
    const announced = /^bytes (\d+)-(\d+)\//.exec(answer.headers.get('content-range') ?? '')
    const expected = this.#proved.subarray(this.#half, this.#half + answer.bytes.length)
    const placed = Number(announced?.[1]) === this.#half
    const complete = !answer.whole || this.#half + answer.bytes.length === this.#proved.length
    if (placed && complete && Buffer.compare(answer.bytes, expected) === 0) return 'resumes'
    const what = placed ? 'other bytes than it gave before' : 'another range than the one asked for'
    throw new WrongAnswer({ code: 'wrong-content', message: `${answer.url.host} gave ${what}` })
  }
}
