import { type AnswerParts, ageAt, etagOf, type SendableAnswer } from './answer.ts'

/**
 * Renders answers that are sent at once and not kept. They share one `Headers`: Bun copies such an instance into
 * a response with less than half of the work that an object of the same fields takes, and only what differs
 * from the answer before has to be set.
 */
export class PassingAnswers {
  readonly #headers = new Headers({ 'accept-ranges': 'bytes' })
  #mediaType = ''
  #cacheControl = ''
  #cacheStatus = ''
  #checkedAtMs = Number.NaN
  #second = Number.NaN

  /** Its headers change with the next call. Not for a file, whose headers name it. */
  render(parts: AnswerParts): SendableAnswer {
    const { object, cacheControl, cacheStatus, nowMs } = parts
    const { mediaType, checkedAtMs, source } = object.meta
    const etag = etagOf(object)
    const headers = this.#headers
    headers.set('etag', etag)
    const second = Math.floor(nowMs / 1_000)
    if (second !== this.#second || checkedAtMs !== this.#checkedAtMs) {
      this.#second = second
      this.#checkedAtMs = checkedAtMs
      headers.set('age', ageAt(checkedAtMs, nowMs))
    }
    if (mediaType !== this.#mediaType) {
      this.#mediaType = mediaType
      headers.set('content-type', mediaType)
    }
    if (cacheControl !== this.#cacheControl) {
      this.#cacheControl = cacheControl
      headers.set('cache-control', cacheControl)
    }
    if (cacheStatus !== this.#cacheStatus) {
      this.#cacheStatus = cacheStatus
      headers.set('cache-status', cacheStatus)
    }
    return {
      key: object.key,
      ecosystem: parts.ecosystem,
      source,
      headers,
      etag,
      sizeBytes: object.sizeBytes,
      body: object.body,
      checkedAtMs,
      freshUntilMs: checkedAtMs + parts.freshMs,
    }
  }
}
