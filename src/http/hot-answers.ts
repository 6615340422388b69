import { createHash } from 'node:crypto'
import { statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { type Answer, ageAt, etagOf, type SendableAnswer, unchangedHeadersOf } from './answer.ts'

/** An answer that was rendered once and is sent again and again, until a moment or until its bytes change. */
export interface HotAnswer extends Omit<Answer, 'headers'> {
  /** `Age` is set once a second. */
  readonly headers: Headers
  /** Those of a 304, once somebody was told so. */
  unchangedHeaders: Headers | undefined
  /** The last second in which `Age` was set. */
  renderedAtSecond: number
  /** How often a file was sent from its place; often enough brings it into memory, if it is not too large. */
  sentFromFile: number
}

/**
 * A body of up to this part of the bound may come into memory. Its bytes are sent with less work than the kernel
 * has with the file (1.5 × as many 5 MB bodies a second), but they push out many small answers.
 */
const SHARED_MAX_PART = 1 / 8

/** A file comes into memory when it was sent twice, and once more for each of these many bytes. */
const SENT_ONCE_PER_BYTES = 512 * 1024

/** Files are read and hashed in such pieces, so that the answers of others go out in between. */
const PIECE_BYTES = 256 * 1024

const SEEN_WINDOW = 4_096

/** What one answer costs beside its body: its headers, its key, its place in the tables. */
const OVERHEAD_BYTES = 1_024

/**
 * The rendered answers of what was asked for lately, by the request's path. Two generations: what is used
 * moves to the young one; when that is full, the old one is dropped. So memory stays below the bound, and a
 * scan over everything costs at most one generation.
 */
export class HotAnswers {
  readonly #halfBytes: number
  readonly #sharedMaxBytes: number
  readonly #touch: (key: string) => void
  #young = new Map<string, HotAnswer>()
  #old = new Map<string, HotAnswer>()
  #youngBytes = 0
  /**
   * Paths that were asked for once lately, as a bitmap by hash: only the second time is worth a place. "Lately"
   * is short, so that requests spread evenly over far more than fits do not push each other out for nothing.
   */
  readonly #seen = new Uint8Array(1 << 16)
  #seenCount = 0
  #sharing: Promise<void> | undefined

  constructor(options: { readonly maxBytes: number; readonly touch: (key: string) => void }) {
    this.#halfBytes = options.maxBytes / 2
    this.#sharedMaxBytes = options.maxBytes * SHARED_MAX_PART
    this.#touch = options.touch
  }

  /**
   * The answer for a path, if it may be sent now. Who has the body already, by the tag that the client sent, needs
   * none of us: its file is not looked at.
   */
  get(path: string, nowMs: number, tag: string | null = null): HotAnswer | undefined {
    let answer = this.#young.get(path)
    if (answer === undefined) {
      answer = this.#old.get(path)
      if (answer === undefined) return undefined
      this.#old.delete(path)
      this.#insert(path, answer)
    }
    const isUnchanged = tag === answer.etag
    if (nowMs >= answer.freshUntilMs || !(isUnchanged || isWhole(answer))) {
      this.#drop(path)
      return undefined
    }
    if (isUnchanged) answer.unchangedHeaders ??= unchangedHeadersOf(answer.headers)
    else if (answer.body.kind === 'file') this.#sent(path, answer, answer.body.path)
    const second = Math.floor(nowMs / 1_000)
    if (second !== answer.renderedAtSecond) {
      answer.renderedAtSecond = second
      const age = ageAt(answer.checkedAtMs, nowMs)
      answer.headers.set('age', age)
      answer.unchangedHeaders?.set('age', age)
      // Once a second is enough for the eviction to know what is in use.
      this.#touch(answer.key)
    }
    return answer
  }

  /** Whether an answer for this path should be kept; true from the second time that it is asked for. */
  admits(path: string): boolean {
    const hash = spread(path) >>> 13
    const slot = hash >>> 3
    const bit = 1 << (hash & 7)
    const seen = this.#seen[slot] ?? 0
    if ((seen & bit) !== 0) return true
    this.#seen[slot] = seen | bit
    if (++this.#seenCount > SEEN_WINDOW) {
      this.#seen.fill(0)
      this.#seenCount = 0
    }
    // While there is room, the first time is good enough.
    return this.#youngBytes < this.#halfBytes / 2
  }

  /** Copies what it keeps. */
  set(path: string, answer: SendableAnswer): void {
    this.#drop(path)
    const headers = new Headers(answer.headers)
    this.#insert(path, {
      ...answer,
      headers,
      unchangedHeaders: undefined,
      body: ownBody(answer.body),
      renderedAtSecond: 0,
      sentFromFile: 0,
    })
  }

  /** The bytes behind a key changed: both spellings of its path are void. */
  forget(key: string): void {
    const path = `/${key}`
    this.#drop(path)
    this.#drop(path.replaceAll('!', '%21'))
  }

  clear(): void {
    this.#young.clear()
    this.#old.clear()
    this.#youngBytes = 0
  }

  /** Resolves when the file that is on its way into memory is there, or has been given up. */
  async settled(): Promise<void> {
    await this.#sharing
  }

  /** One file at a time: what is on its way is not counted in the bound. */
  #sent(path: string, answer: HotAnswer, file: string): void {
    if (answer.sizeBytes > this.#sharedMaxBytes || this.#sharing !== undefined) return
    if (++answer.sentFromFile < 2 + Math.floor(answer.sizeBytes / SENT_ONCE_PER_BYTES)) return
    answer.sentFromFile = 0
    this.#sharing = this.#share(path, answer, file).finally(() => {
      this.#sharing = undefined
    })
  }

  /** Never rejects: a file that cannot be read, or is damaged, goes on as a file until somebody notices. */
  async #share(path: string, answer: HotAnswer, file: string): Promise<void> {
    const read = await readHashed(file, answer.sizeBytes).catch(() => undefined)
    if (read === undefined || this.#young.get(path) !== answer || etagOf(read) !== answer.etag) return
    this.#drop(path)
    this.#insert(path, { ...answer, body: { kind: 'shared', blob: new Blob([read.bytes]) } })
  }

  #drop(path: string): void {
    this.#old.delete(path)
    const young = this.#young.get(path)
    if (young === undefined) return
    this.#young.delete(path)
    this.#youngBytes -= costOf(young)
  }

  #insert(path: string, answer: HotAnswer): void {
    this.#young.set(path, answer)
    this.#youngBytes += costOf(answer)
    if (this.#youngBytes <= this.#halfBytes) return
    this.#old = this.#young
    this.#young = new Map()
    this.#youngBytes = 0
  }
}

/** A hash whose upper bits are good, without an allocation: this is on the way of every hit that is not in memory. */
function spread(text: string): number {
  let hash = 0
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x9e3779b1)
  return Math.imul(hash ^ (hash >>> 15), 0x85ebca6b) >>> 0
}

/** A file that was evicted, torn or shortened since is noticed before its length is promised. */
function isWhole(answer: HotAnswer): boolean {
  if (answer.body.kind !== 'file') return true
  return statSync(answer.body.path, { throwIfNoEntry: false })?.size === answer.sizeBytes
}

/** The first `sizeBytes` of a file with their SHA-256; undefined when the file has fewer. */
async function readHashed(
  file: string,
  sizeBytes: number,
): Promise<{ readonly bytes: Uint8Array<ArrayBuffer>; readonly sha256: string } | undefined> {
  await using handle = await open(file)
  const bytes = new Uint8Array(sizeBytes)
  const hash = createHash('sha256')
  for (let at = 0; at < sizeBytes; ) {
    const { bytesRead } = await handle.read(bytes, at, Math.min(PIECE_BYTES, sizeBytes - at), at)
    if (bytesRead === 0) return undefined
    hash.update(bytes.subarray(at, at + bytesRead))
    at += bytesRead
  }
  return { bytes, sha256: hash.digest('hex') }
}

/** The bytes may be lent, or a part of something larger. */
function ownBody(body: Answer['body']): Answer['body'] {
  return body.kind !== 'bytes' ? body : { kind: 'bytes', bytes: new Uint8Array(body.bytes) }
}

function costOf(answer: HotAnswer): number {
  return OVERHEAD_BYTES + (answer.body.kind === 'file' ? 0 : answer.sizeBytes)
}
