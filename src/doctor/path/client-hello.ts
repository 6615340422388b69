import { randomBytes } from 'node:crypto'

/** TLS 1.2 and 1.3 suites that every server of the last ten years shares one of. */
const suites = [0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0x009c, 0x002f]
const groups = [0x001d, 0x0017, 0x0018]
const signatures = [0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601, 0x0201]

/**
 * A ClientHello record for a server name (RFC 8446 4.1.2), only good for seeing what comes back: the key share has no
 * private half. `random` gives as many bytes as asked for.
 */
export function clientHello(
  serverName: string,
  random: (length: number) => Uint8Array = randomBytes,
): Uint8Array {
  const name = new TextEncoder().encode(serverName)
  const extensions = [
    extension(0x0000, vector(2, join([Uint8Array.of(0), vector(2, name)]))),
    extension(0x000a, vector(2, words(groups))),
    extension(0x000b, vector(1, Uint8Array.of(0))),
    extension(0x000d, vector(2, words(signatures))),
    extension(0x0010, vector(2, vector(1, new TextEncoder().encode('http/1.1')))),
    extension(0x0017, new Uint8Array()),
    extension(0x002b, vector(1, words([0x0304, 0x0303]))),
    extension(0x002d, vector(1, Uint8Array.of(1))),
    extension(0x0033, vector(2, join([words([0x001d]), vector(2, random(32))]))),
  ]
  const body = join([
    words([0x0303]),
    random(32),
    vector(1, random(32)),
    vector(2, words(suites)),
    vector(1, Uint8Array.of(0)),
    vector(2, join(extensions)),
  ])
  const handshake = join([Uint8Array.of(1), vector(3, body)])
  return join([Uint8Array.of(0x16, 0x03, 0x01), vector(2, handshake)])
}

function extension(type: number, body: Uint8Array): Uint8Array {
  return join([words([type]), vector(2, body)])
}

function vector(lengthBytes: number, body: Uint8Array): Uint8Array {
  const length = Uint8Array.from(
    { length: lengthBytes },
    (_, index) => body.length >> (8 * (lengthBytes - 1 - index)),
  )
  return join([length, body])
}

function words(values: readonly number[]): Uint8Array {
  return Uint8Array.from(values.flatMap((value) => [value >> 8, value & 255]))
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts)
}
