/** A TLS ClientHello of our own (RFC 8446 section 4.1.2), and what the first bytes of an answer say. */

export interface HelloOptions {
  /** Undefined: without the server_name extension. */
  readonly serverName: string | undefined
  readonly random: Uint8Array
  /** Offers only what no server takes, so that the answer is an alert of a few bytes. */
  readonly unacceptable?: boolean
}

const suites = [
  0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c, 0x002f,
]
/** TLS_NULL_WITH_NULL_NULL, which must never be chosen (RFC 5246 A.5). */
const nullSuite = [0x0000]
const groups = [0x001d, 0x0017, 0x0018]
const signatures = [0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601]

/** @param options.random 96 bytes: the hello's random, the session id and a key share (any 32 bytes are an x25519 key). */
export function clientHello({ serverName, random, unacceptable = false }: HelloOptions): Buffer {
  const extensions = [
    ...(serverName === undefined ? [] : [extension(0, serverNameList(serverName))]),
    extension(10, sized(2, sixteens(groups))),
    extension(11, Buffer.from([1, 0])),
    extension(13, sized(2, sixteens(signatures))),
    extension(16, sized(2, sized(1, Buffer.from('http/1.1')))),
    // Extended master secret and secure renegotiation: servers of strict policies refuse who lacks them.
    extension(23, Buffer.alloc(0)),
    extension(0xff01, Buffer.from([0])),
    extension(43, sized(1, sixteens(unacceptable ? [0x0303] : [0x0304, 0x0303]))),
    ...(unacceptable ? [] : [extension(51, sized(2, keyShare(random.subarray(64, 96))))]),
  ]
  const body = Buffer.concat([
    sixteens([0x0303]),
    random.subarray(0, 32),
    sized(1, random.subarray(32, 64)),
    sized(2, sixteens(unacceptable ? nullSuite : suites)),
    Buffer.from([1, 0]),
    sized(2, Buffer.concat(extensions)),
  ])
  const handshake = Buffer.concat([Buffer.from([1, 0]), sized(2, body)])
  return Buffer.concat([Buffer.from([22, 3, 1]), sized(2, handshake)])
}

export type FirstBytes =
  | { readonly kind: 'server-hello' }
  | { readonly kind: 'alert'; readonly alert: number }
  | { readonly kind: 'not-tls' }
  | { readonly kind: 'incomplete' }

/** Stable over every TLS library's versions, unlike their error codes. */
export function readFirstBytes(bytes: Uint8Array): FirstBytes {
  const [type, major, , , , first, second] = bytes
  if (type === undefined) return { kind: 'incomplete' }
  if (type !== 21 && type !== 22) return { kind: 'not-tls' }
  if (major === undefined) return { kind: 'incomplete' }
  if (major !== 3) return { kind: 'not-tls' }
  if (type === 22) return first === undefined ? { kind: 'incomplete' } : { kind: 'server-hello' }
  return second === undefined ? { kind: 'incomplete' } : { kind: 'alert', alert: second }
}

function extension(type: number, content: Uint8Array): Buffer {
  return Buffer.concat([sixteens([type]), sized(2, content)])
}

function serverNameList(name: string): Buffer {
  return sized(2, Buffer.concat([Buffer.from([0]), sized(2, Buffer.from(name, 'latin1'))]))
}

function keyShare(key: Uint8Array): Buffer {
  return Buffer.concat([sixteens([0x001d]), sized(2, key)])
}

function sixteens(numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(2 * numbers.length)
  for (const [index, number] of numbers.entries()) bytes.writeUInt16BE(number, 2 * index)
  return bytes
}

/** The content behind its own length. */
function sized(lengthBytes: 1 | 2, content: Uint8Array): Buffer {
  const length = lengthBytes === 1 ? Buffer.from([content.length]) : sixteens([content.length])
  return Buffer.concat([length, content])
}
