/** Sources that no HTTP can be spoken with: connections, addresses and TLS. */

import assert from 'node:assert/strict'
import {
  expiredCertificate,
  leafCertificate,
  leafKey,
  trustedCa,
} from '../../src/upstream/testing/certificates.ts'
import { startDeafPort } from './deaf-port.ts'
import { type FaultLab, type Variables, victimZip } from './fault-lab.ts'
import type { FaultRow } from './fault-row.ts'
import { answering, type FrontMode, forwardTo, resetAtOnce, silence, startFront, tlsAlert } from './front.ts'
import { startNameServer } from './name-server.ts'
import { type Ailment, equalSources, onlySource, type Promised } from './outcome.ts'

const certificate = { cert: leafCertificate, key: leafKey }
const expired = { cert: expiredCertificate, key: leafKey }
const plainHttp = answering('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n')

/** A plain source behind a port that can fail before it. */
async function fronted(lab: FaultLab, fault: FrontMode | 'down'): Promise<Ailment> {
  const upstream = await lab.upstream()
  const well = forwardTo(upstream.port)
  const front = await lab.use(startFront(well))
  const id = `127.0.0.1:${front.port}`
  return {
    url: `http://${id}`,
    id,
    strike: async () => {
      if (fault === 'down') await front.goDown()
      else front.mode = fault
    },
    cure: async () => {
      if (fault === 'down') await front.comeBack()
      front.mode = well
    },
  }
}

/** A source over TLS whose port does something else first. Modules come with no database behind them. */
async function secured(
  lab: FaultLab,
  fault: FrontMode | 'expired',
  host = '127.0.0.1',
  env: Variables = {},
): Promise<Ailment> {
  const { caFile } = await lab.use(trustedCa())
  const well = forwardTo((await lab.secureUpstream(certificate)).port)
  const ill = fault === 'expired' ? forwardTo((await lab.secureUpstream(expired)).port) : fault
  const front = await lab.use(startFront(well))
  const id = `${host}:${front.port}`
  return {
    url: `https://${id}`,
    id,
    env: { POSTHASTE_UPSTREAM_CA_FILE: caFile, ...env },
    strike: () => {
      front.mode = ill
    },
    cure: () => {
      front.mode = well
    },
  }
}

function unconnected(
  make: (lab: FaultLab) => Promise<Ailment>,
  promised: Omit<Promised, 'status' | 'recovery'>,
): FaultRow['check'] {
  return async (lab) => {
    await onlySource(lab, await make(lab), { ...promised, status: 502, recovery: 'within seconds' })
    await equalSources(lab, await make(lab))
  }
}

/** A product whose only source is a name, and the addresses that are told for it. */
async function named(lab: FaultLab, addresses: (port: number) => Promise<readonly string[]>) {
  const upstream = await lab.upstream()
  const names = await lab.use(startNameServer(await addresses(upstream.port)))
  const env = { POSTHASTE_UPSTREAM_RESOLVERS: names.address }
  return lab.serve(`http://source.example:${upstream.port}`, env)
}

const refused = (what: string) => `502 that says ${what}; from an equal source the whole body`

export const connectionFaults: readonly FaultRow[] = [
  {
    id: 'connection-refused',
    injected: 'nothing listens: RST to the SYN',
    promised: refused('so'),
    code: 'connect',
    check: unconnected((lab) => fronted(lab, 'down'), { says: /refused the connection/, code: 'connect' }),
  },
  {
    id: 'reset-at-connect',
    injected: 'RST to every connection as soon as it is open',
    promised: refused('so'),
    code: 'connect',
    check: unconnected((lab) => fronted(lab, resetAtOnce), {
      says: /reset|cut|closed/,
      code: ['connect', 'reset'],
    }),
  },
  {
    id: 'syn-dropped',
    injected: 'SYNs vanish: a full queue, or a firewall',
    promised: refused('that it did not answer a connection, and after which time'),
    code: 'connect',
    check: async (lab) => {
      const deaf = await lab.use(startDeafPort('127.0.0.2'))
      const id = `127.0.0.2:${deaf.port}`
      const honest = await lab.upstream()
      const served = await lab.serve(`http://${id}`)
      await served.isRefused(victimZip, {
        status: 502,
        source: id,
        says: /did not answer a connection within \d+ ms/,
      })
      assert.equal((await served.source(id)).lastFailure?.code, 'connect')
      await (await lab.serve(`http://${id}|${honest.url}`)).getsWhole(victimZip)
      const { port } = deaf
      await deaf[Symbol.asyncDispose]()
      const front = await lab.use(startFront(forwardTo(honest.port), { host: '127.0.0.2', port }))
      assert.equal(front.port, port)
      await served.recovers(victimZip, false)
    },
  },
  {
    id: 'one-address-dead',
    injected: 'a name has two addresses, one of which drops SYNs, whichever is told first',
    promised: 'the other is tried after 250 ms (RFC 8305); no error',
    check: async (lab) => {
      for (const order of [(list: string[]) => list, (list: string[]) => list.reverse()]) {
        const served = await named(lab, async (port) => {
          await lab.use(startDeafPort('127.0.0.2', port))
          return order(['127.0.0.2', '127.0.0.1'])
        })
        await served.getsWhole(victimZip)
      }
    },
  },
  {
    id: 'ipv6-broken',
    injected: 'a name has an IPv6 address that drops SYNs, and an IPv4 address that works',
    promised: 'IPv4 is tried after 250 ms (RFC 8305); no error',
    check: async (lab) => {
      const served = await named(lab, async (port) => {
        await lab.use(startDeafPort('::1', port))
        return ['::1', '127.0.0.1']
      })
      await served.getsWhole(victimZip)
    },
  },
  {
    id: 'tls-expired',
    injected: 'a certificate that has expired',
    promised: refused('so, and to look at the clock'),
    code: 'tls',
    check: unconnected((lab) => secured(lab, 'expired'), {
      says: /certificate of .* has expired/,
      code: 'tls',
    }),
  },
  {
    id: 'tls-wrong-host',
    injected: 'a certificate for another name',
    promised: refused('so, and that a captive portal may do this'),
    code: 'tls',
    check: async (lab) => {
      const names = await lab.use(startNameServer(['127.0.0.1']))
      const env = { POSTHASTE_UPSTREAM_RESOLVERS: names.address }
      const ailment = await secured(lab, silence, 'elsewhere.example', env)
      ailment.cure()
      const served = await lab.serve(ailment.url, ailment.env)
      const expected = { status: 502, source: ailment.id, says: /is for another host/ }
      await served.isRefused(victimZip, expected)
      assert.equal((await served.source(ailment.id)).lastFailure?.code, 'tls')
      assert.deepEqual(await served.keepsNothingWrong(), [])
      const right = ailment.url.replace('elsewhere.example', 'mirror.example')
      await (await lab.serve(right, ailment.env)).getsWhole(victimZip)
      const honest = await lab.upstream()
      await (await lab.serve(`${ailment.url}|${honest.url}`, ailment.env)).getsWhole(victimZip)
    },
  },
  {
    id: 'tls-unknown-authority',
    injected: 'a certificate of an authority that nobody here knows',
    promised: `${refused('so, and how to trust a company’s own')}; with that authority in \`upstream.caFile\` it works`,
    code: 'tls',
    check: async (lab) => {
      const { url, id, env, cure } = await secured(lab, silence)
      await cure()
      const served = await lab.serve(url)
      await served.isRefused(victimZip, {
        status: 502,
        source: id,
        says: /unknown authority.*upstream\.caFile/,
      })
      assert.equal((await served.source(id)).lastFailure?.code, 'tls')
      await (await lab.serve(url, env)).getsWhole(victimZip)
      const honest = await lab.upstream()
      await (await lab.serve(`${url}|${honest.url}`)).getsWhole(victimZip)
    },
  },
  {
    id: 'tls-alert',
    injected: 'a fatal alert as the answer to the ClientHello',
    promised: refused('that the handshake was refused'),
    code: 'tls',
    check: unconnected((lab) => secured(lab, tlsAlert), { says: /handshake/, code: 'tls' }),
  },
  {
    id: 'tls-stalls',
    injected: 'a TLS port that never answers the ClientHello',
    promised: refused('that the handshake did not end, and after which time'),
    code: 'tls',
    check: unconnected((lab) => secured(lab, silence), {
      says: /did not finish the TLS handshake in \d+ ms/,
      code: 'tls',
    }),
  },
  {
    id: 'plain-http-on-tls-port',
    injected: 'plain HTTP on a TLS port',
    promised: refused('so, and that the address may want http://'),
    code: 'tls',
    check: unconnected((lab) => secured(lab, plainHttp), { says: /plain text on its TLS port/, code: 'tls' }),
  },
]
