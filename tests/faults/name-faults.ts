/** Sources whose name leads nowhere, or to where it must not. */

import assert from 'node:assert/strict'
import { type FaultLab, victimZip } from './fault-lab.ts'
import type { FaultRow } from './fault-row.ts'
import { type NameServer, startNameServer } from './name-server.ts'
import { type Ailment, equalSources, onlySource } from './outcome.ts'

async function misnamed(
  lab: FaultLab,
  strike: (names: NameServer) => void | Promise<void>,
  cure: (names: NameServer) => void | Promise<void>,
): Promise<Ailment> {
  const upstream = await lab.upstream()
  const names = await lab.use(startNameServer(['127.0.0.1']))
  const id = `source.example:${upstream.port}`
  return {
    url: `http://${id}`,
    id,
    env: { POSTHASTE_UPSTREAM_RESOLVERS: names.address },
    strike: () => strike(names),
    cure: () => cure(names),
  }
}

function unresolved(
  says: RegExp,
  strike: (names: NameServer) => void | Promise<void>,
  cure: (names: NameServer) => void | Promise<void> = (names) => {
    names.answer = ['127.0.0.1']
  },
): FaultRow['check'] {
  return async (lab) => {
    const promised = { status: 502, says, code: 'dns', recovery: 'within seconds' } as const
    await onlySource(lab, await misnamed(lab, strike, cure), promised)
    await equalSources(lab, await misnamed(lab, strike, cure))
    await outlived(lab, await misnamed(lab, strike, cure))
  }
}

/** A name that was known before keeps its address. */
async function outlived(lab: FaultLab, ailment: Ailment): Promise<void> {
  const served = await lab.serve(ailment.url, ailment.env)
  await lab.proveSource(served, ailment.id)
  await ailment.strike()
  await served.getsWhole(victimZip)
}

const refused = (what: string) =>
  `502 that says ${what}; from an equal source the whole body; a name that was known keeps its address`

export const nameFaults: readonly FaultRow[] = [
  {
    id: 'nxdomain',
    injected: 'NXDOMAIN',
    promised: refused('that the name does not exist'),
    code: 'dns',
    check: unresolved(/the name does not exist/, (names) => {
      names.answer = 'nxdomain'
    }),
  },
  {
    id: 'servfail',
    injected: 'SERVFAIL',
    promised: refused('that the resolver failed'),
    code: 'dns',
    check: unresolved(/the resolver failed/, (names) => {
      names.answer = 'servfail'
    }),
  },
  {
    id: 'resolver-silent',
    injected: 'a resolver that never answers',
    promised: refused('so'),
    code: 'dns',
    check: unresolved(/the resolver (did not answer|failed)/, (names) => {
      names.answer = 'silent'
    }),
  },
  {
    id: 'resolver-down',
    injected: 'nothing listens where the resolver should be',
    promised: refused('that the resolver failed'),
    code: 'dns',
    check: unresolved(
      /the resolver (did not answer|failed)/,
      (names) => names.goDown(),
      (names) => names.comeBack(),
    ),
  },
  {
    id: 'redirect-to-private-name',
    injected: 'a redirect to a public name that resolves to a link-local address',
    promised:
      '502 that says to which address; judged by the address that would be connected to; no packet is sent there',
    code: 'redirect',
    check: async (lab) => {
      const upstream = await lab.upstream()
      const names = await lab.use(startNameServer(['169.254.169.254']))
      const id = `127.0.0.1:${upstream.port}`
      const served = await lab.serve(upstream.url, { POSTHASTE_UPSTREAM_RESOLVERS: names.address })
      upstream.inject({ pattern: victimZip, fault: { kind: 'redirect', to: 'http://inner.example/' } })
      const says = /redirected to inner\.example at 169\.254\.169\.254, a link-local address/
      await served.isRefused(victimZip, { status: 502, source: id, says })
      assert.equal((await served.source(id)).lastFailure?.code, 'redirect')
      upstream.clearFaults()
      await served.recovers(victimZip, true)
    },
  },
]
