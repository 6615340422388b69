/** A forward proxy between Posthaste and its sources. */

import assert from 'node:assert/strict'
import { leafCertificate, leafKey, trustedCa } from '../../src/upstream/testing/certificates.ts'
import { type FaultLab, victimZip } from './fault-lab.ts'
import type { FaultRow } from './fault-row.ts'
import { answering, type FrontMode, silence, startFront, tunnelTo } from './front.ts'
import { type Ailment, onlySource } from './outcome.ts'

/** The only source lies beyond the proxy; the list's other one does not need it. */
async function proxied(
  lab: FaultLab,
  fault: FrontMode | 'down',
): Promise<Ailment & { readonly proxy: string }> {
  const { caFile } = await lab.use(trustedCa())
  const upstream = await lab.secureUpstream({ cert: leafCertificate, key: leafKey })
  const well = tunnelTo(upstream.port)
  const proxy = await lab.use(startFront(well))
  const address = `127.0.0.1:${proxy.port}`
  return {
    url: 'https://mirror.example',
    id: 'mirror.example',
    proxy: address,
    env: { POSTHASTE_UPSTREAM_CA_FILE: caFile, POSTHASTE_UPSTREAM_PROXY: `http://${address}` },
    strike: async () => {
      if (fault === 'down') await proxy.goDown()
      else proxy.mode = fault
    },
    cure: async () => {
      if (fault === 'down') await proxy.comeBack()
      proxy.mode = well
    },
  }
}

function unproxied(fault: FrontMode | 'down', says: RegExp): FaultRow['check'] {
  return async (lab) => {
    const withSetting = new RegExp(`(?=.*upstream\\.proxy).*${says.source}`)
    const promised = { status: 502, says: withSetting, code: 'proxy', recovery: 'within seconds' } as const
    await onlySource(lab, await proxied(lab, fault), promised)
    const ailment = await proxied(lab, fault)
    const honest = await lab.upstream()
    const served = await lab.serve(`${ailment.url}|${honest.url}`, ailment.env)
    await ailment.strike()
    await served.getsWhole(victimZip)
  }
}

const refused = (what: string) =>
  `502 that says ${what}, with the setting that names the proxy; a source that needs no proxy serves the whole body`

export const proxyFaults: readonly FaultRow[] = [
  {
    id: 'proxy-down',
    injected: 'nothing listens where the proxy should be',
    promised: refused('that the proxy refused the connection'),
    code: 'proxy',
    check: unproxied('down', /proxy 127\.0\.0\.1:\d+ refused the connection/),
  },
  {
    id: 'proxy-refuses',
    injected: 'the proxy answers CONNECT with 403',
    promised: refused('that the proxy refused the tunnel'),
    code: 'proxy',
    check: unproxied(
      answering('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n'),
      /proxy 127\.0\.0\.1:\d+ .*refused the tunnel with status 403/,
    ),
  },
  {
    id: 'proxy-wants-credentials',
    injected: 'the proxy answers CONNECT with 407',
    promised: refused('that the proxy wants credentials, and where to put them'),
    code: 'proxy',
    check: unproxied(
      answering('HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n'),
      /proxy 127\.0\.0\.1:\d+ .*wants credentials.*USER:PASSWORD/,
    ),
  },
  {
    id: 'proxy-stalls',
    injected: 'the proxy takes the request and stays silent',
    promised: refused('that the proxy did not answer, and after which time'),
    code: 'proxy',
    check: unproxied(silence, /proxy 127\.0\.0\.1:\d+ .*did not answer within \d+ ms/),
  },
  {
    id: 'redirect-to-private-address',
    injected: 'a public source redirects to an address of a private network, or of this machine',
    promised: '502 that says to which address, through a forward proxy too; nothing is asked there',
    code: 'redirect',
    check: async (lab) => {
      for (const [address, kind] of [
        ['10.0.0.7', 'private'],
        ['192.168.1.1', 'private'],
        ['127.0.0.1:9', 'loopback'],
        ['[::1]:9', 'loopback'],
      ] as const) {
        const redirecting = answering(
          `HTTP/1.1 302 Found\r\nLocation: http://${address}/x\r\nContent-Length: 0\r\n\r\n`,
        )
        const proxy = await lab.use(startFront(redirecting))
        const served = await lab.serve('http://public.example', {
          POSTHASTE_UPSTREAM_PROXY: `http://127.0.0.1:${proxy.port}`,
        })
        const says = new RegExp(`redirected to .* a ${kind} address`)
        await served.isRefused(victimZip, { status: 502, source: 'public.example', says })
        assert.equal((await served.source('public.example')).lastFailure?.code, 'redirect')
        assert.equal(proxy.connections, 1, 'the proxy was asked for the private address')
      }
    },
  },
]
