import { type AnswerParts, ageAt, etagOf, type SendableAnswer } from './answer.ts'

/**
 * Renders answers that are sent at once and not kept. They share one `Headers`: Bun copies such an instance into
 * a response with less than half of the work that an object of the same fields takes, and only what differs
 * from the answer before has to be set.
 */
export class PassingAnswers {
  readonly #headers = new Headers({ 'accept-ranges': 'bytes' })
  readonly #said = new Map<string, string>()

  /** Its headers change with the next call. Not for a file, whose headers name it. */
  render(parts: AnswerParts): SendableAnswer {
    const { object, cacheControl, cacheStatus } = parts
    const { mediaType, checkedAtMs, source } = object.meta
    const etag = etagOf(object)
    this.#headers.set('etag', etag)
    this.#say('age', ageAt(checkedAtMs, parts.nowMs))
    this.#say('content-type', mediaType)
    this.#say('cache-control', cacheControl)
    this.#say('cache-status', cacheStatus)
    return {
      key: object.key,
      ecosystem: parts.ecosystem,
      source,
      headers: this.#headers,
      etag,
      sizeBytes: object.sizeBytes,
      body: object.body,
      checkedAtMs,
      freshUntilMs: checkedAtMs + parts.freshMs,
    }
  }

  #say(name: string, value: string): void {
    if (this.#said.get(name) === value) return
    this.#said.set(name, value)
    this.#headers.set(name, value)
  }
}
