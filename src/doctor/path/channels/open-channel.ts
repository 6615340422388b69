import type { Libc } from '../kernel/libc.ts'
import type { Channel, ChannelTarget, Protocol } from './channel.ts'
import { ConnectChannel } from './connect-channel.ts'
import { DatagramChannel } from './datagram-channel.ts'
import { PacketChannel } from './packet-channel.ts'
import { SocketError } from './probe-socket.ts'

/** What the trace could not have, and goes on without. */
export type Limit =
  /** Root or CAP_NET_RAW would let a flow keep one source port. */
  | 'tcp-port-per-ttl'
  /** ICMP is neither allowed as root nor by `net.ipv4.ping_group_range`; UDP is used. */
  | 'icmp-not-permitted'
  /** A router quotes too little, or a service answers, so each TTL has a flow of its own. */
  | 'udp-port-per-ttl'
  /** Not Linux, or no C library: only connections to the target are timed. */
  | 'no-packet-sockets'

export interface OpenedChannel {
  readonly channel: Channel
  readonly protocol: Protocol
  readonly privilege: 'raw' | 'unprivileged'
  readonly limits: readonly Limit[]
}

/**
 * The best way of probing that the system permits: raw sockets, else what needs no privileges. Throws SocketError for
 * anything but a missing permission (`ENETUNREACH`: no route).
 */
export function openChannel(libc: Libc, target: ChannelTarget): OpenedChannel {
  const raw = permitted(() => new PacketChannel(libc, target, 'raw'))
  if (raw !== undefined) return { channel: raw, protocol: target.protocol, privilege: 'raw', limits: [] }
  if (target.protocol === 'tcp') {
    return {
      channel: new ConnectChannel(libc, target),
      protocol: 'tcp',
      privilege: 'unprivileged',
      limits: ['tcp-port-per-ttl'],
    }
  }
  if (target.protocol === 'icmp') {
    const ping = permitted(() => new PacketChannel(libc, target, 'ping'))
    if (ping !== undefined) {
      return { channel: ping, protocol: 'icmp', privilege: 'unprivileged', limits: [] }
    }
  }
  return {
    channel: new DatagramChannel(libc, target),
    protocol: 'udp',
    privilege: 'unprivileged',
    limits: target.protocol === 'icmp' ? ['icmp-not-permitted'] : [],
  }
}

function permitted<T>(open: () => T): T | undefined {
  try {
    return open()
  } catch (error) {
    if (error instanceof SocketError && (error.code === 'EPERM' || error.code === 'EACCES')) return undefined
    throw error
  }
}
