/** What kind of place an IP address is; decides where a redirect may lead. */

import { BlockList, isIP } from 'node:net'

/** `fake-ip`: 198.18.0.0/15, which local proxies hand out in place of real addresses. */
export type AddressClass = 'public' | 'private' | 'loopback' | 'link-local' | 'fake-ip' | 'reserved'

const ranges: readonly (readonly [AddressClass, BlockList])[] = [
  ['loopback', blockList(['127.0.0.0/8', '::1/128'])],
  ['link-local', blockList(['169.254.0.0/16', 'fe80::/10', 'fd00:ec2::254/128', '100.100.100.200/32'])],
  [
    'private',
    blockList(['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7', 'fec0::/10']),
  ],
  ['fake-ip', blockList(['198.18.0.0/15'])],
  [
    'reserved',
    blockList([
      '0.0.0.0/8',
      '192.0.0.0/24',
      '192.88.99.0/24',
      '224.0.0.0/3',
      '::/128',
      'ff00::/8',
      '2002::/16',
    ]),
  ],
]

/** @throws when a range is no CIDR and no address */
export function blockList(cidrs: readonly string[]): BlockList {
  const list = new BlockList()
  for (const cidr of cidrs) {
    const [address = '', bits] = cidr.split('/')
    const family = isIP(address)
    if (family === 0) throw new RangeError(`${cidr} is no address range`)
    const type = family === 4 ? 'ipv4' : 'ipv6'
    if (bits === undefined) list.addAddress(address, type)
    else list.addSubnet(address, Number(bits), type)
  }
  return list
}

/** Cloud metadata addresses count as `link-local`; an IPv4 address inside an IPv6 one is judged as itself. */
export function classOf(address: string): AddressClass {
  const plain = embeddedIpv4(address) ?? address
  for (const [name, list] of ranges) if (within(list, plain)) return name
  return 'public'
}

export function within(list: BlockList, address: string): boolean {
  const family = isIP(address)
  return family !== 0 && list.check(address, family === 4 ? 'ipv4' : 'ipv6')
}

/** `::ffff:a.b.c.d` (mapped) and `64:ff9b::a.b.c.d` (NAT64), in either spelling. */
function embeddedIpv4(address: string): string | undefined {
  if (isIP(address) !== 6) return undefined
  const canonical = URL.parse(`http://[${address.split('%')[0] ?? ''}]/`)?.hostname ?? ''
  const match = /^\[(?:::ffff:|64:ff9b::)([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/.exec(canonical)
  if (match === null) return undefined
  const high = Number.parseInt(match[1] ?? '', 16)
  const low = Number.parseInt(match[2] ?? '', 16)
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`
}

/**
 * May a redirect that began at an address of class `first` end at one of class `target`? A source on the LAN
 * may name LAN addresses, but never this machine's own; nobody may name a metadata service.
 */
export function redirectMayReach(target: AddressClass, first: AddressClass): boolean {
  switch (target) {
    case 'public':
      return true
    case 'private':
      return first === 'private' || first === 'loopback'
    case 'loopback':
    case 'fake-ip':
      return first === target
    default:
      return false
  }
}

/** The class of a host as it is written: a literal, `localhost`, or a name, which counts as public. */
export function classOfHost(hostname: string): AddressClass {
  const bare = hostname.replace(/^\[|\]$/g, '')
  if (isIP(bare) !== 0) return classOf(bare)
  return /(^|\.)localhost\.?$/i.test(bare) ? 'loopback' : 'public'
}
