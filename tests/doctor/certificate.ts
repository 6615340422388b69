/** X.509 certificates (RFC 5280) with any fault: written here, because no tool makes them wrong on request. */

import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

export interface CertificateOptions {
  readonly name: string
  readonly hosts?: readonly string[]
  readonly isAuthority?: boolean
  /** Undefined: it signs itself. */
  readonly issuer?: LabAuthority
  readonly validFrom?: Date
  readonly validTo?: Date
  /** Where the issuer's certificate can be fetched (AIA). */
  readonly issuerAddress?: string
}

export interface LabAuthority {
  readonly name: string
  readonly cert: string
  readonly key: string
}

const dayMs = 86_400_000
const ecdsaWithSha256 = sequence(oid('1.2.840.10045.4.3.2'))

/** PEM of the certificate and of its own key. */
export function makeLabCertificate(options: CertificateOptions): LabAuthority {
  const { name, hosts = [], isAuthority = false, issuer } = options
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const from = options.validFrom ?? new Date(Date.now() - 30 * dayMs)
  const to = options.validTo ?? new Date(Date.now() + 30 * dayMs)
  const extensions = [
    ...(isAuthority ? [extension('2.5.29.19', sequence(tlv(1, Buffer.from([255]))), true)] : []),
    ...(hosts.length > 0 ? [extension('2.5.29.17', sequence(...hosts.map(alternativeName)))] : []),
    ...(options.issuerAddress === undefined ? [] : [authorityAccess(options.issuerAddress)]),
  ]
  const body = sequence(
    tlv(0xa0, integer(2)),
    integer(Math.floor(Math.random() * 2 ** 31)),
    ecdsaWithSha256,
    nameOf(issuer?.name ?? name),
    sequence(time(from), time(to)),
    nameOf(name),
    publicKey.export({ format: 'der', type: 'spki' }),
    ...(extensions.length > 0 ? [tlv(0xa3, sequence(...extensions))] : []),
  )
  const signer: KeyObject | string = issuer?.key ?? privateKey
  const signature = tlv(3, Buffer.concat([Buffer.from([0]), sign('sha256', body, signer)]))
  const der = sequence(body, ecdsaWithSha256, signature)
  return {
    name,
    cert: pem('CERTIFICATE', der),
    key: String(privateKey.export({ format: 'pem', type: 'pkcs8' })),
  }
}

function alternativeName(host: string): Buffer {
  const isAddress = /^\d+\.\d+\.\d+\.\d+$/.test(host)
  return isAddress ? tlv(0x87, Buffer.from(host.split('.').map(Number))) : tlv(0x82, Buffer.from(host))
}

function authorityAccess(address: string): Buffer {
  const description = sequence(oid('1.3.6.1.5.5.7.48.2'), tlv(0x86, Buffer.from(address)))
  return extension('1.3.6.1.5.5.7.1.1', sequence(description))
}

function extension(id: string, value: Buffer, critical = false): Buffer {
  return sequence(oid(id), ...(critical ? [tlv(1, Buffer.from([255]))] : []), tlv(4, value))
}

function nameOf(commonName: string): Buffer {
  return sequence(tlv(0x31, sequence(oid('2.5.4.3'), tlv(12, Buffer.from(commonName)))))
}

function time(at: Date): Buffer {
  return tlv(24, Buffer.from(at.toISOString().replace(/[-:T]|\.\d+/g, '')))
}

function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number)
  const bytes = rest.flatMap((number) => {
    const groups = [number & 127]
    for (let left = number >>> 7; left > 0; left >>>= 7) groups.unshift((left & 127) | 128)
    return groups
  })
  return tlv(6, Buffer.from([40 * first + second, ...bytes]))
}

function integer(value: number): Buffer {
  const bytes = Buffer.alloc(5)
  bytes.writeUInt32BE(value, 1)
  const start = bytes.findIndex((byte, index) => byte !== 0 && index > 0)
  const at = start === -1 ? 4 : (bytes[start] ?? 0) > 127 ? start - 1 : start
  return tlv(2, bytes.subarray(at))
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tlv(0x30, Buffer.concat(parts))
}

function tlv(tag: number, content: Buffer): Buffer {
  const { length } = content
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}
