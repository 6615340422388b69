import type { Family } from '../kernel/socket-address.ts'

/**
 * What an ICMP error says about a probe. `port` means that the packet arrived and nobody listens; `prohibited` that
 * somebody forbids it; `too-big` that it does not fit a link.
 */
export type IcmpMeaning =
  | 'expired'
  | 'port'
  | 'prohibited'
  | 'net'
  | 'host'
  | 'protocol'
  | 'too-big'
  | 'other'

const unreachableFour: readonly IcmpMeaning[] = [
  'net',
  'host',
  'protocol',
  'port',
  'too-big',
  'other',
  'net',
  'host',
  'host',
  'prohibited',
  'prohibited',
  'net',
  'host',
  'prohibited',
  'prohibited',
  'prohibited',
]

const unreachableSix: readonly IcmpMeaning[] = [
  'net',
  'prohibited',
  'net',
  'host',
  'port',
  'prohibited',
  'prohibited',
]

/** Types and codes of RFC 792, 1812 and 4443. */
export function icmpMeaning(family: Family, type: number, code: number): IcmpMeaning {
  if (family === 4) {
    if (type === 11) return code === 0 ? 'expired' : 'other'
    return type === 3 ? (unreachableFour[code] ?? 'other') : 'other'
  }
  if (type === 3) return code === 0 ? 'expired' : 'other'
  if (type === 2) return 'too-big'
  // An unknown next header is reported as a parameter problem (RFC 4443 3.4).
  if (type === 4 && code === 1) return 'protocol'
  return type === 1 ? (unreachableSix[code] ?? 'other') : 'other'
}
