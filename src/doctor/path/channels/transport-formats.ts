import { randomInt } from 'node:crypto'
import type { Libc } from '../kernel/libc.ts'
import { SOCK_DGRAM, SOCK_STREAM } from '../kernel/linux-constants.ts'
import { addressBytes, type Family } from '../kernel/socket-address.ts'
import { buildSyn, readQuotedSyn, readTcpAnswer } from '../wire/tcp-segment.ts'
import { buildDatagram, readDatagramHeader } from '../wire/udp-datagram.ts'
import type { ChannelTarget } from './channel.ts'
import type { PacketFormat } from './packet-format.ts'
import { ProbeSocket } from './probe-socket.ts'

export interface TransportOptions {
  readonly libc: Libc
  readonly family: Family
  /** The address that packets leave from. */
  readonly local: string
  readonly target: ChannelTarget
}

/** SYNs to the real port. A flow is a source port; the sequence number tells probes apart. */
export function tcpFormat(options: TransportOptions): PacketFormat {
  const { local, target } = options
  // Nobody listens on the reserved ports, so the kernel resets what the target opens.
  const ports = reservePorts(options, SOCK_STREAM)
  const cookie = randomInt(0x10000)
  const markOf = (number: number) => (number >>> 16 === cookie ? number & 0xffff : undefined)
  return {
    keepsFlow: true,
    build: ({ sequence, flow }) => {
      const number = ((cookie << 16) | (sequence & 0xffff)) >>> 0
      return {
        bytes: buildSyn({
          source: addressBytes(local),
          destination: addressBytes(target.address),
          sourcePort: ports.of(`${flow}`),
          destinationPort: target.port,
          sequence: number,
        }),
        mark: sequence & 0xffff,
      }
    },
    readQuote: (quote) => {
      const syn = readQuotedSyn(quote)
      return syn && ports.owns(syn.sourcePort) ? markOf(syn.sequence) : undefined
    },
    readAnswer: (payload) => {
      const answer = readTcpAnswer(payload)
      if (answer === undefined || answer.sourcePort !== target.port) return undefined
      if (!ports.owns(answer.destinationPort)) return undefined
      const mark = markOf((answer.acknowledged - 1) >>> 0)
      return mark === undefined ? undefined : { mark, meaning: answer.kind }
    },
    [Symbol.dispose]: () => ports[Symbol.dispose](),
  }
}

/**
 * Datagrams with constant ports. They are told apart by their length, which is among the 8 bytes that every router
 * quotes and which no address translation changes (unlike the checksum). A service that answers shows the port alone:
 * from its first answer on, every TTL of a flow gets a port of its own. So does every TTL and size where the size is
 * given, because then the length tells no probes apart.
 */
export function udpFormat(options: TransportOptions): PacketFormat {
  const { family, local, target } = options
  const ports = reservePorts(options, SOCK_DGRAM)
  const headers = (family === 4 ? 20 : 40) + 8
  const markOf = (port: number, length: number) => port * 0x10000 + length
  /** By port, for the ports of one TTL. */
  const newest = new Map<number, number>()
  let portPerTtl = false
  return {
    get keepsFlow() {
      return !portPerTtl
    },
    build: ({ sequence, flow, ttl, sizeBytes }) => {
      const payloadLength = sizeBytes === undefined ? 16 + (sequence % 512) : sizeBytes - headers
      const isAlone = portPerTtl || sizeBytes !== undefined
      const sourcePort = ports.of(isAlone ? `${flow} ${ttl} ${sizeBytes ?? ''}` : `${flow}`)
      const mark = markOf(sourcePort, 8 + payloadLength)
      if (isAlone) newest.set(sourcePort, mark)
      return {
        bytes: buildDatagram({
          source: addressBytes(local),
          destination: addressBytes(target.address),
          sourcePort,
          destinationPort: target.port,
          payloadLength,
        }),
        mark,
      }
    },
    readQuote: (quote) => {
      const header = readDatagramHeader(quote)
      if (header === undefined || !ports.owns(header.sourcePort)) return undefined
      return markOf(header.sourcePort, header.length)
    },
    readAnswer: (payload) => {
      const header = readDatagramHeader(payload)
      if (header?.sourcePort !== target.port || !ports.owns(header.destinationPort)) return undefined
      const mark = newest.get(header.destinationPort)
      if (mark === undefined) portPerTtl = true
      return mark === undefined ? undefined : { mark, meaning: 'datagram' }
    },
    [Symbol.dispose]: () => ports[Symbol.dispose](),
  }
}

interface ReservedPorts extends Disposable {
  /** The port for a key, the same each time; reserved when it is first asked for. */
  of(key: string): number
  owns(port: number): boolean
}

/** Ports that no other program gets. Those of the flows are reserved at once. Throws SocketError. */
function reservePorts({ libc, family, local, target }: TransportOptions, type: number): ReservedPorts {
  const sockets: ProbeSocket[] = []
  const byKey = new Map<string, number>()
  const owned = new Set<number>()
  const dispose = () => {
    for (const socket of sockets.splice(0)) socket[Symbol.dispose]()
  }
  const reserve = (key: string) => {
    const socket = new ProbeSocket(libc, { family, type, protocol: 0 })
    sockets.push(socket)
    socket.bind(local, 0)
    const { port } = socket.localAddress()
    byKey.set(key, port)
    owned.add(port)
    return port
  }
  try {
    for (let flow = 0; flow < target.flows; flow++) reserve(`${flow}`)
  } catch (error) {
    dispose()
    throw error
  }
  return {
    of: (key) => byKey.get(key) ?? reserve(key),
    owns: (port) => owned.has(port),
    [Symbol.dispose]: dispose,
  }
}
