/** DNS messages (RFC 1035 section 4): a question written, an answer read. Answers are strangers' bytes. */

export type RecordType = 'A' | 'AAAA'

const typeNumbers: Readonly<Record<RecordType, number>> = { A: 1, AAAA: 28 }
const recursionDesired = 0x0100
const headerBytes = 12
const mostRecords = 100

export interface DnsAnswer {
  readonly id: number
  readonly responseCode: number
  /** TC: the answer did not fit; TCP must be used (RFC 7766). */
  readonly truncated: boolean
  readonly addresses: readonly string[]
}

/** @throws RangeError when the name is no valid one: a label of 64 bytes and more, or 255 bytes in all. */
export function writeQuestion(id: number, name: string, type: RecordType): Buffer {
  const header = Buffer.alloc(headerBytes)
  header.writeUInt16BE(id, 0)
  header.writeUInt16BE(recursionDesired, 2)
  header.writeUInt16BE(1, 4)
  const labels = name.replace(/\.$/, '').split('.')
  const parts = labels.map((label) => {
    const bytes = Buffer.from(label, 'latin1')
    if (bytes.length === 0 || bytes.length > 63) throw new RangeError(`'${name}' is no host name`)
    return Buffer.concat([Buffer.from([bytes.length]), bytes])
  })
  const tail = Buffer.alloc(5)
  tail.writeUInt16BE(typeNumbers[type], 1)
  tail.writeUInt16BE(1, 3)
  const question = Buffer.concat([...parts, tail])
  if (question.length > 255 + 4) throw new RangeError(`'${name}' is too long for a host name`)
  return Buffer.concat([header, question])
}

/** Undefined for bytes that are no answer, or that break off or point in circles. */
export function readAnswer(bytes: Buffer): DnsAnswer | undefined {
  if (bytes.length < headerBytes) return undefined
  const flags = bytes.readUInt16BE(2)
  const isAnswer = (flags & 0x8000) !== 0
  if (!isAnswer) return undefined
  const questions = bytes.readUInt16BE(4)
  const records = bytes.readUInt16BE(6)
  const truncated = (flags & 0x0200) !== 0
  const head = { id: bytes.readUInt16BE(0), responseCode: flags & 15, truncated }
  let at: number | undefined = headerBytes
  for (let index = 0; index < Math.min(questions, mostRecords); index++) {
    at = afterName(bytes, at)
    if (at === undefined) return undefined
    at += 4
  }
  const addresses: string[] = []
  for (let index = 0; index < Math.min(records, mostRecords); index++) {
    at = afterName(bytes, at)
    if (at === undefined || at + 10 > bytes.length) return truncated ? { ...head, addresses } : undefined
    const type = bytes.readUInt16BE(at)
    const length = bytes.readUInt16BE(at + 8)
    const start: number = at + 10
    at = start + length
    if (at > bytes.length) return truncated ? { ...head, addresses } : undefined
    if (type === typeNumbers.A && length === 4) addresses.push([...bytes.subarray(start, at)].join('.'))
    if (type === typeNumbers.AAAA && length === 16) addresses.push(sixOf(bytes.subarray(start, at)))
  }
  return { ...head, addresses }
}

/** Where the name ends; a pointer ends it, so that nothing is followed in circles. */
function afterName(bytes: Buffer, start: number): number | undefined {
  let at = start
  for (;;) {
    const length = bytes[at]
    if (length === undefined) return undefined
    if (length === 0) return at + 1
    if ((length & 0xc0) === 0xc0) return at + 2
    if (length > 63) return undefined
    at += length + 1
  }
}

function sixOf(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(2 * index).toString(16))
  return URL.parse(`http://[${groups.join(':')}]/`)?.hostname.slice(1, -1) ?? groups.join(':')
}
