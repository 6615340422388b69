/** Numbers of the Linux ABI (asm-generic: x86_64 and arm64). */

export const AF_INET = 2
export const AF_INET6 = 10

export const SOCK_STREAM = 1
export const SOCK_DGRAM = 2
export const SOCK_RAW = 3
export const SOCK_NONBLOCK = 0o4000
export const SOCK_CLOEXEC = 0o2000000

export const IPPROTO_IP = 0
export const IPPROTO_ICMP = 1
export const IPPROTO_TCP = 6
export const IPPROTO_UDP = 17
export const IPPROTO_IPV6 = 41
export const IPPROTO_ICMPV6 = 58
export const SOL_SOCKET = 1
export const SOL_RAW = 255

export const SO_REUSEADDR = 2
export const SO_ERROR = 4
export const SO_LINGER = 13
export const SO_TIMESTAMPNS = 35
export const TCP_SYNCNT = 7

export const IP_TTL = 2
export const IP_MTU_DISCOVER = 10
export const IP_RECVERR = 11
export const IP_MTU = 14
export const IP_RECVERR_RFC4884 = 26
export const IPV6_UNICAST_HOPS = 16
export const IPV6_MTU_DISCOVER = 23
export const IPV6_MTU = 24
export const IPV6_RECVERR = 25
export const IPV6_RECVERR_RFC4884 = 31
/** Packets are not cut, and the path MTU that the kernel remembers is not heeded. */
export const PMTUDISC_PROBE = 3
export const ICMP_FILTER = 1
export const ICMP6_FILTER = 1

export const MSG_DONTWAIT = 0x40
export const MSG_ERRQUEUE = 0x2000
export const MSG_NOSIGNAL = 0x4000

export const POLLIN = 1
export const POLLOUT = 4
export const POLLERR = 8
export const POLLHUP = 16

export const SO_EE_ORIGIN_LOCAL = 1
export const SO_EE_ORIGIN_ICMP = 2
export const SO_EE_ORIGIN_ICMP6 = 3

const errorNames: Readonly<Record<number, string>> = {
  1: 'EPERM',
  11: 'EAGAIN',
  13: 'EACCES',
  22: 'EINVAL',
  24: 'EMFILE',
  90: 'EMSGSIZE',
  92: 'ENOPROTOOPT',
  93: 'EPROTONOSUPPORT',
  97: 'EAFNOSUPPORT',
  98: 'EADDRINUSE',
  99: 'EADDRNOTAVAIL',
  100: 'ENETDOWN',
  101: 'ENETUNREACH',
  104: 'ECONNRESET',
  105: 'ENOBUFS',
  110: 'ETIMEDOUT',
  111: 'ECONNREFUSED',
  113: 'EHOSTUNREACH',
  115: 'EINPROGRESS',
}

/** `ENETUNREACH` for 101; a number without a name stays a number. */
export function errorName(errno: number): string {
  return errorNames[errno] ?? `errno ${errno}`
}
