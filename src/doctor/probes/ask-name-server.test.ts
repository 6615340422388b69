import { describe, expect, test } from 'bun:test'
import { askByUdp, parseNameServer } from './ask-name-server.ts'

/** Addresses to which the machine itself opens no way, whatever network it is on. */
const withoutWay: readonly [why: string, address: string][] = [
  ['a link-local address of no link', 'fe80::1'],
  ['a broadcast address', '255.255.255.255'],
  ['an IPv4 address in the form of IPv6', '::ffff:255.255.255.255'],
]

describe('a name server that no datagram can be sent to is unreachable:', () => {
  for (const [why, address] of withoutWay) {
    test(why, async () => {
      const said = await askByUdp({
        server: parseNameServer(address),
        name: 'a.example',
        type: 'A',
        timeoutMs: 5000,
        secondAnswerMs: 0,
        signal: AbortSignal.timeout(10_000),
      })
      expect(said).toMatchObject({ outcome: 'unreachable', addresses: [], others: [] })
    })
  }
})
