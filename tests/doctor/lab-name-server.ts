import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { createServer, type Server } from 'node:net'

/** How one name is answered; `addresses` in every other case are what an honest server would say. */
export interface NameBehaviour {
  readonly addresses?: readonly string[]
  readonly code?: 'nxdomain' | 'servfail' | 'refused' | 'formerr' | 'notimp'
  readonly silent?: boolean
  readonly afterMs?: number
  /** A second answer, so many milliseconds after the first. */
  readonly second?: { readonly addresses: readonly string[]; readonly afterMs: number }
  /** Says that the answer did not fit. */
  readonly truncated?: boolean
  readonly garbage?: boolean
}

interface StartOptions {
  readonly host?: string
  readonly port?: number
  readonly tcp?: boolean
}

const codes = { formerr: 1, servfail: 2, nxdomain: 3, notimp: 4, refused: 5 } as const

/** A DNS server of our own (RFC 1035, RFC 7766) that does as it is told, name by name. */
export class LabNameServer implements AsyncDisposable {
  readonly names = new Map<string, NameBehaviour>()
  /** For names that are not told. */
  other: NameBehaviour = { code: 'nxdomain' }
  readonly #udp: Socket
  readonly #tcp: Server | undefined
  readonly #timers = new Set<NodeJS.Timeout>()
  #port = 0

  private constructor(udp: Socket, tcp: Server | undefined) {
    this.#udp = udp
    this.#tcp = tcp
  }

  /** A free port for UDP may be taken for TCP: then another one is tried. */
  static async start(options: StartOptions = {}): Promise<LabNameServer> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await LabNameServer.#start(options)
      } catch (error) {
        const taken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
        if (!taken || attempt === 10 || options.port !== undefined) throw error
      }
    }
  }

  static async #start(options: StartOptions): Promise<LabNameServer> {
    const { host = '127.0.0.1', port = 0, tcp = true } = options
    const udp = createSocket('udp4')
    await new Promise<void>((resolve, reject) => {
      udp.once('error', reject)
      udp.bind(port, host, () => resolve())
    })
    const server = new LabNameServer(udp, tcp ? createServer() : undefined)
    server.#port = udp.address().port
    udp.on('message', (query, from) => server.#overUdp(query, from))
    const stream = server.#tcp
    if (stream !== undefined) {
      stream.on('connection', (socket) => {
        socket.on('error', () => socket.destroy())
        socket.on('data', (bytes: Buffer) => {
          const answer = server.#answer(bytes.subarray(2), true)
          if (answer === undefined) return
          socket.end(Buffer.concat([Buffer.from([answer.length >> 8, answer.length & 255]), answer]))
        })
      })
      try {
        await new Promise<void>((resolve, reject) => {
          stream.once('error', reject)
          stream.listen(server.#port, host, () => resolve())
        })
      } catch (error) {
        udp.close()
        throw error
      }
    }
    return server
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer)
    await new Promise<void>((resolve) => this.#udp.close(() => resolve()))
    const stream = this.#tcp
    if (stream !== undefined) await new Promise<void>((resolve) => stream.close(() => resolve()))
  }

  #behaviour(name: string): NameBehaviour {
    return this.names.get(name) ?? this.other
  }

  #overUdp(query: Buffer, from: RemoteInfo): void {
    const { silent, afterMs = 0, second } = this.#behaviour(nameIn(query))
    if (silent) return
    const send = (answer: Buffer | undefined) => {
      if (answer !== undefined) this.#udp.send(answer, from.port, from.address)
    }
    this.#later(afterMs, () => send(this.#answer(query, false)))
    if (second !== undefined) this.#later(afterMs + second.afterMs, () => send(reply(query, second)))
  }

  #later(ms: number, work: () => void): void {
    if (ms === 0) {
      work()
      return
    }
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      work()
    }, ms)
    this.#timers.add(timer)
  }

  #answer(query: Buffer, isTcp: boolean): Buffer | undefined {
    const behaviour = this.#behaviour(nameIn(query))
    if (behaviour.garbage) return Buffer.concat([query.subarray(0, 2), Buffer.from([0x81, 0x80, 0, 1, 0, 9])])
    return reply(query, isTcp ? { ...behaviour, truncated: false } : behaviour)
  }
}

function nameIn(query: Buffer): string {
  const labels: string[] = []
  for (let at = 12; (query[at] ?? 0) !== 0; at += (query[at] ?? 0) + 1)
    labels.push(query.subarray(at + 1, at + 1 + (query[at] ?? 0)).toString('latin1'))
  return labels.join('.')
}

function reply(query: Buffer, behaviour: NameBehaviour): Buffer {
  let end = 12
  while ((query[end] ?? 0) !== 0) end += (query[end] ?? 0) + 1
  const question = query.subarray(12, end + 5)
  const type = question.readUInt16BE(question.length - 4)
  const addresses = behaviour.code === undefined && !behaviour.truncated ? (behaviour.addresses ?? []) : []
  const records = addresses.flatMap((address) => record(address, type))
  const header = Buffer.alloc(12)
  query.copy(header, 0, 0, 2)
  const code = behaviour.code === undefined ? 0 : codes[behaviour.code]
  header.writeUInt16BE(0x8180 | (behaviour.truncated ? 0x0200 : 0) | code, 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(records.length, 6)
  return Buffer.concat([header, question, ...records])
}

function record(address: string, asked: number): Buffer[] {
  const isSix = address.includes(':')
  if ((isSix ? 28 : 1) !== asked) return []
  const bytes = isSix ? sixBytes(address) : Buffer.from(address.split('.').map(Number))
  const head = Buffer.alloc(12)
  head.writeUInt16BE(0xc00c, 0)
  head.writeUInt16BE(asked, 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt32BE(30, 6)
  head.writeUInt16BE(bytes.length, 10)
  return [Buffer.concat([head, bytes])]
}

/** Of an address with one `::`. */
function sixBytes(address: string): Buffer {
  const [left = [], right = []] = address
    .split('::')
    .map((part) => part.split(':').filter((one) => one !== ''))
  const groups = [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right]
  return Buffer.concat(
    groups.map((group) => Buffer.from([Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255])),
  )
}
