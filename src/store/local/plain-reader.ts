import { crc32 } from 'node:zlib'
import type { ObjectMeta, StoredObject } from '../store.ts'
import { decodeRecord, kinds, recordHeaderBytes, recordLength } from './pack-record.ts'

/**
 * Reads small bodies out of records without parsing JSON. The heads of a store are nearly all alike: after the
 * key, the digest and the size comes the same text up to the time of the last check, so it is compared with
 * what was met before instead of being parsed again.
 *
 * The checksum and the key are compared each time. Whatever is not spelled in the usual way, or not good, gives
 * `undefined`, and `decodeRecord` decides what it is.
 */
export class PlainReader {
  /** Room for one record, which the body that is given out lies in. */
  readonly bytes: Buffer
  readonly #numbers: DataView
  readonly #usual: UsualMeta[] = []
  readonly #room: Buffer
  readonly #bodyAt: number
  readonly #checked: Views
  readonly #bodies: Views
  #replaced = 0

  constructor(roomBytes: number) {
    const room = Buffer.allocUnsafeSlow(roomBytes * 2)
    this.bytes = room.subarray(0, roomBytes)
    this.#room = room
    this.#bodyAt = roomBytes
    this.#numbers = new DataView(room.buffer)
    this.#checked = new Views(room.buffer, 8)
    this.#bodies = new Views(room.buffer, roomBytes)
  }

  /**
   * The object in the first `length` bytes, if it is the one of `key` and its body lies in the record. Its body is
   * lent until the next record is read, and the source's own validators are left out.
   */
  object(key: string, length: number, salt: number): StoredObject | undefined {
    const { bytes } = this
    if (length < recordHeaderBytes || recordLength(bytes) !== length) return undefined
    if (this.#numbers.getUint32(8, true) !== kinds.body) return undefined
    if (crc32(this.#checked.of(length - 8), salt) !== this.#numbers.getUint32(4, true)) return undefined
    const bodyFrom = recordHeaderBytes + this.#numbers.getUint32(12, true)

    const keyAt = recordHeaderBytes + beforeKey.length
    const keyEnd = keyAt + key.length
    const digestAt = keyEnd + beforeDigest.length
    const sizeAt = digestAt + digestLength + beforeSize.length
    if (sizeAt >= bodyFrom) return undefined
    if (!this.#says(beforeKey, recordHeaderBytes) || !this.#saysKey(key, keyAt)) return undefined
    if (!this.#says(beforeDigest, keyEnd) || !this.#says(beforeSize, digestAt + digestLength))
      return undefined
    const sizeBytes = length - bodyFrom
    const size = String(sizeBytes)
    const metaAt = sizeAt + size.length + beforeMeta.length
    if (!this.#says(size, sizeAt) || !this.#says(beforeMeta, sizeAt + size.length)) return undefined
    const meta = this.#meta(metaAt, bodyFrom, length, salt)
    if (meta === undefined) return undefined
    const sha256 = bytes.toString('latin1', digestAt, digestAt + digestLength)
    // At a place of its own, so that views can be kept.
    this.#room.copyWithin(this.#bodyAt, bodyFrom, length)
    const body = this.#bodies.of(sizeBytes)
    return { key, sha256, sizeBytes, meta, body: { kind: 'bytes', bytes: body } }
  }

  #meta(from: number, end: number, length: number, salt: number): ObjectMeta | undefined {
    const usual = this.#usualAt(from) ?? this.#learn(from, length, salt)
    if (usual === undefined) return undefined
    const checkedAtMs = this.#number(from + usual.text.length, end)
    if (checkedAtMs === undefined) return undefined
    if (checkedAtMs !== usual.last.checkedAtMs) usual.last = { ...usual.last, checkedAtMs }
    return usual.last
  }

  #usualAt(from: number): UsualMeta | undefined {
    for (const usual of this.#usual) if (this.#says(usual.text, from)) return usual
    return undefined
  }

  /** Remembers how the meta at `from` begins, if it is spelled as it usually is. */
  #learn(from: number, length: number, salt: number): UsualMeta | undefined {
    const record = decodeRecord(this.bytes.subarray(0, length), salt)
    if (record === undefined || record.kind === 'gone') return undefined
    const { mediaType, source, proof, checkedAtMs } = record.head.meta
    const text = beforeTime({ mediaType, source, proof })
    if (!isPlain(text) || !this.#says(text, from)) return undefined
    const usual = { text, last: { mediaType, source, proof, checkedAtMs } }
    if (this.#usual.length < maxUsual) this.#usual.push(usual)
    else this.#usual[this.#replaced++ % maxUsual] = usual
    return usual
  }

  /** Whole milliseconds, up to the end of the field. */
  #number(from: number, end: number): number | undefined {
    let value = 0
    for (let at = from; at < end && at < from + maxDigits; at++) {
      const byte = this.bytes[at]
      if (byte === comma || byte === brace) return at === from ? undefined : value
      if (byte === undefined || byte < zero || byte > nine) return undefined
      value = value * 10 + (byte - zero)
    }
    return undefined
  }

  #says(text: string, from: number): boolean {
    const { bytes } = this
    for (let at = 0; at < text.length; at++) if (bytes[from + at] !== text.charCodeAt(at)) return false
    return true
  }

  /** Equal bytes are the same key only where JSON spells a character as itself. */
  #saysKey(key: string, from: number): boolean {
    const { bytes } = this
    for (let at = 0; at < key.length; at++) {
      const unit = key.charCodeAt(at)
      if (bytes[from + at] !== unit || unit === quote || unit === backslash || unit > lastAscii) return false
    }
    return true
  }
}

/** Views of memory from one place on, kept by length: making one costs more than most checksums. */
class Views {
  readonly #memory: ArrayBufferLike
  readonly #from: number
  readonly #kept: (Uint8Array | undefined)[] = new Array(keptViews).fill(undefined)

  constructor(memory: ArrayBufferLike, from: number) {
    this.#memory = memory
    this.#from = from
  }

  of(length: number): Uint8Array {
    const kept = this.#kept[length]
    if (kept !== undefined) return kept
    const view = new Uint8Array(this.#memory, this.#from, length)
    if (length < keptViews) this.#kept[length] = view
    return view
  }
}

/** The beginning of a meta as JSON, up to the time of the last check. */
interface UsualMeta {
  readonly text: string
  /** As last given out. */
  last: ObjectMeta
}

const beforeKey = '{"k":"'
const beforeDigest = '","s":"'
const beforeSize = '","n":'
const beforeMeta = ',"m":'
const digestLength = 64
const maxUsual = 16
const keptViews = 4096
const maxDigits = 16
const quote = 0x22
const backslash = 0x5c
const comma = 0x2c
const brace = 0x7d
const zero = 0x30
const nine = 0x39
const lastAscii = 0x7e

function beforeTime(meta: Pick<ObjectMeta, 'mediaType' | 'source' | 'proof'>): string {
  return `${JSON.stringify(meta).slice(0, -1)},"checkedAtMs":`
}

function isPlain(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text)
}
