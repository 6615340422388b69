import { createSocket, type Socket } from 'node:dgram'
import type { AddressInfo } from 'node:net'

/** Addresses in the order in which they are told, or how the server fails. */
export type NameAnswer = readonly string[] | 'nxdomain' | 'servfail' | 'silent'

export interface NameServer extends AsyncDisposable {
  /** For `upstream.resolvers`. */
  readonly address: string
  answer: NameAnswer
  /** Closes its port, so that the kernel refuses what is sent there. */
  goDown(): Promise<void>
  comeBack(): Promise<void>
}

const typeA = 1
const typeAaaa = 28
const responseFlags = 0x8180
const responseCodes = { nxdomain: 3, servfail: 2 } as const
/** So short that every fault is felt by the next request. */
const ttlSeconds = 0

/** A DNS server on loopback (RFC 1035) that gives one answer to whatever it is asked. */
export async function startNameServer(answer: NameAnswer): Promise<NameServer> {
  let socket: Socket | undefined
  let port = 0
  const server: NameServer = {
    get address() {
      return `127.0.0.1:${port}`
    },
    answer,
    async goDown() {
      const closing = socket
      socket = undefined
      if (closing) await new Promise<void>((resolve) => closing.close(() => resolve()))
    },
    async comeBack() {
      const opened = createSocket('udp4')
      opened.on('message', (query, from) => {
        if (server.answer === 'silent') return
        opened.send(reply(query, server.answer), from.port, from.address)
      })
      await new Promise<void>((resolve, reject) => {
        opened.once('error', reject)
        opened.bind(port, '127.0.0.1', () => resolve())
      })
      socket = opened
      port = (opened.address() as AddressInfo).port
    },
    [Symbol.asyncDispose]: () => server.goDown(),
  }
  await server.comeBack()
  return server
}

function reply(query: Buffer, answer: Exclude<NameAnswer, 'silent'>): Buffer {
  const question = query.subarray(12, endOfQuestion(query))
  const type = question.readUInt16BE(question.length - 4)
  const records = typeof answer === 'string' ? [] : answer.flatMap((address) => record(address, type))
  const header = Buffer.alloc(12)
  query.copy(header, 0, 0, 2)
  header.writeUInt16BE(responseFlags | (typeof answer === 'string' ? responseCodes[answer] : 0), 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(records.length, 6)
  return Buffer.concat([header, question, ...records])
}

function endOfQuestion(query: Buffer): number {
  let at = 12
  while ((query[at] ?? 0) !== 0) at += (query[at] ?? 0) + 1
  return at + 5
}

/** Its owner is the question's name, by a pointer to it (section 4.1.4). */
function record(address: string, asked: number): Buffer[] {
  const bytes = address.includes(':') ? sixBytes(address) : Buffer.from(address.split('.').map(Number))
  const type = bytes.length === 4 ? typeA : typeAaaa
  if (type !== asked) return []
  const head = Buffer.alloc(12)
  head.writeUInt16BE(0xc00c, 0)
  head.writeUInt16BE(type, 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt32BE(ttlSeconds, 6)
  head.writeUInt16BE(bytes.length, 10)
  return [Buffer.concat([head, bytes])]
}

/** Of an address with one `::`. */
function sixBytes(address: string): Buffer {
  const [left = [], right = []] = address
    .split('::')
    .map((part) => part.split(':').filter((one) => one !== ''))
  const zeroes = Array<string>(8 - left.length - right.length).fill('0')
  const bytes = Buffer.alloc(16)
  for (const [index, group] of [...left, ...zeroes, ...right].entries())
    bytes.writeUInt16BE(Number.parseInt(group, 16), 2 * index)
  return bytes
}
