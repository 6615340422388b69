import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { AnswerReader } from '../../lab/answer-reader.ts'
import { fetchRaw, type RawAnswer } from '../../lab/raw-client.ts'
import type { SyntheticModule } from '../../lab/synthetic-modules.ts'
import type { SourceState } from '../../src/upstream/upstream.ts'
import type { Product } from '../support/product.ts'

/** No client waits longer than this for anything, whatever its sources do. */
export const answerWithinMs = 10_000
const recoveryWithinMs = 8000
const pauseMs = 200

/** Posthaste as one client sees it, and what must be true of every answer. */
export class Served {
  readonly product: Product
  readonly #contents: ReadonlyMap<string, Uint8Array>

  constructor(product: Product, modules: readonly SyntheticModule[]) {
    this.product = product
    this.#contents = new Map(
      modules.flatMap(({ path, version, info, mod, zip }) => [
        [`${path}/@v/${version}.info`, info],
        [`${path}/@v/${version}.mod`, mod],
        [`${path}/@v/${version}.zip`, zip],
      ]),
    )
  }

  /** One request on a connection of its own. Throws when it is left without an answer for too long. */
  async ask(path: string): Promise<RawAnswer> {
    const answer = await fetchRaw(`${this.product.url}/go/${path}`, { idleMs: answerWithinMs })
    assert.notEqual(answer.end, 'idle', `${path} was left waiting for ${answerWithinMs} ms`)
    return answer.headers.get('transfer-encoding') === 'chunked' ? unchunked(answer) : answer
  }

  /** A body that is the honest one to its last byte. */
  async getsWhole(path: string): Promise<RawAnswer> {
    const answer = await this.ask(path)
    assert.equal(answer.status, 200, `${path}: ${answer.body.subarray(0, 600)}`)
    assert.equal(answer.end, 'whole', `${path} ended as ${answer.end}`)
    assert.ok(answer.body.equals(this.#contents.get(path) ?? Buffer.alloc(0)), `${path} has other bytes`)
    return answer
  }

  /** A clear status before any byte, whose first line names the source and what it did. */
  async isRefused(
    path: string,
    expected: { status: number; source: string; says: RegExp },
  ): Promise<RawAnswer> {
    const answer = await this.ask(path)
    const [firstLine = '', ...more] = answer.body.toString().trimEnd().split('\n')
    assert.equal(answer.status, expected.status, `${path}: ${firstLine}`)
    assert.equal(answer.end, 'whole')
    assert.equal(answer.headers.get('content-type'), 'text/plain; charset=utf-8')
    assert.match(firstLine, expected.says)
    assert.ok(firstLine.includes(expected.source), `'${firstLine}' does not name ${expected.source}`)
    assert.ok(more.length < 8, 'go shows eight lines')
    return answer
  }

  /** A body that began and never came to a clean end. */
  async isCutOff(path: string): Promise<void> {
    const answer = await this.ask(path)
    assert.equal(answer.status, 200, `${path}: ${answer.body.subarray(0, 600)}`)
    assert.ok(answer.end === 'short' || answer.end === 'reset', `${path} ended as ${answer.end}`)
    assert.ok(answer.body.length > 0, 'it was cut before its first byte')
  }

  /** Asks again until the honest body comes; the first time must do when it is to be `atOnce`. */
  async recovers(path: string, atOnce: boolean): Promise<void> {
    const deadline = performance.now() + (atOnce ? 0 : recoveryWithinMs)
    for (;;) {
      const answer = await this.ask(path)
      if (answer.status === 200 || performance.now() > deadline) break
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
    await this.getsWhole(path)
  }

  /** Everything that is kept has the honest bytes; gives its paths. */
  async keepsNothingWrong(): Promise<readonly string[]> {
    const { objects } = await this.#json<{ objects: { key: string; sha256: string }[] }>('/api/cache/objects')
    return objects.map(({ key, sha256 }) => {
      const path = key.replace(/^go\//, '')
      const honest = this.#contents.get(path)
      if (honest) assert.equal(sha256, createHash('sha256').update(honest).digest('hex'), `${key} is wrong`)
      return path
    })
  }

  /** Forgets all objects, but not what is known of the sources. */
  async empty(): Promise<void> {
    const answer = await fetch(`${this.product.url}/api/cache/remove?pattern=*`, { method: 'POST' })
    assert.equal(answer.status, 200, await answer.text())
  }

  /** How many bodies lie in the quarantine. */
  async quarantined(): Promise<number> {
    return (await this.#json<{ quarantined: number }>('/api/cache/stats')).quarantined
  }

  /** By its host and port, whatever its scheme. */
  async source(host: string): Promise<SourceState> {
    const { sources } = await this.#json<{ sources: SourceState[] }>('/api/upstreams')
    const state = sources.find((one) => one.list === 'go' && one.id.replace(/^https?:\/\//, '') === host)
    if (state === undefined) throw new Error(`no source ${host} in ${JSON.stringify(sources)}`)
    return state
  }

  async #json<Answer>(path: string): Promise<Answer> {
    const answer = await fetch(`${this.product.url}${path}`)
    return (await answer.json()) as Answer
  }
}

/** The raw client knows lengths only: here a body is whole when its last chunk came (RFC 9112 section 7.1). */
function unchunked(answer: RawAnswer): RawAnswer {
  const pieces: Buffer[] = []
  const reader = new AnswerReader((piece) => pieces.push(piece))
  reader.push(Buffer.from('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'))
  reader.push(answer.body)
  const end = answer.end === 'whole' ? 'short' : answer.end
  return { ...answer, body: Buffer.concat(pieces), end: reader.done ? 'whole' : end }
}
