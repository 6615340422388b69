/** When there is no source left. */

import assert from 'node:assert/strict'
import { leafCertificate, leafKey, trustedCa } from '../../src/upstream/testing/certificates.ts'
import { victimList, victimMod, victimZip } from './fault-lab.ts'
import type { FaultRow } from './fault-row.ts'
import { forwardTo, startFront, tlsAlert } from './front.ts'

const waitingClients = 500
/** Beside the one try: what was on its way when the source went, and its second try. */
const fewConnections = 4

export const outageFaults: readonly FaultRow[] = [
  {
    id: 'all-sources-down',
    injected: 'no source can be reached any more',
    promised:
      'what is kept is served, lists too, however old; for the rest 502, or 503 with `Retry-After` where a source said when; the last source’s failure is named',
    code: 'connect',
    check: async (lab) => {
      const upstreams = [await lab.upstream(), await lab.upstream()]
      const fronts = await Promise.all(upstreams.map(({ port }) => lab.use(startFront(forwardTo(port)))))
      const ids = fronts.map(({ port }) => `127.0.0.1:${port}`)
      const env = { POSTHASTE_GO_TTL_LIST_MS: '0' }
      const served = await lab.serve(ids.map((id) => `http://${id}`).join('|'), env)
      await served.getsWhole(victimMod)
      const fresh = await served.ask(victimList)
      assert.equal(fresh.status, 200)
      for (const front of fronts) await front.goDown()
      for (let times = 0; times < 3; times++) {
        const stale = await served.ask(victimList)
        assert.equal(stale.status, 200)
        assert.deepEqual(stale.body, fresh.body)
        assert.match(stale.headers.get('cache-status') ?? '', /hit/)
      }
      await served.getsWhole(victimMod)
      const answer = await served.ask(victimZip)
      assert.equal(answer.status, 502)
      const [firstLine = ''] = answer.body.toString().split('\n')
      assert.ok(
        ids.some((id) => firstLine.includes(id)),
        firstLine,
      )
      assert.match(firstLine, /refused the connection/)
      for (const front of fronts) await front.comeBack()
      for (const { inject } of upstreams)
        inject({ pattern: '*', fault: { kind: 'status', status: 503, retryAfter: '2' }, times: 1 })
      const throttled = await lab.serve(upstreams.map(({ url }) => url).join('|'))
      const { status, headers } = await throttled.ask(victimZip)
      assert.equal(status, 503)
      assert.match(headers.get('retry-after') ?? '', /^[12]$/)
      await served.recovers(victimZip, false)
    },
  },
  {
    id: 'network-returns',
    injected: `the only source is gone, ${waitingClients} clients ask for different things, then it is back`,
    promised:
      'every client has its refusal at once; the source sees a handful of connections and not hundreds; it is used again within seconds',
    code: 'tls',
    check: async (lab) => {
      const { caFile } = await lab.use(trustedCa())
      const { port } = await lab.secureUpstream({ cert: leafCertificate, key: leafKey })
      const front = await lab.use(startFront(tlsAlert))
      const served = await lab.serve(`https://127.0.0.1:${front.port}`, {
        POSTHASTE_UPSTREAM_CA_FILE: caFile,
      })
      assert.equal((await served.ask(victimZip)).status, 502)
      const before = front.connections
      const paths = Array.from(
        { length: waitingClients },
        (_, index) => `victim.example/x/@v/v1.0.${index + 1}.mod`,
      )
      const answers = await Promise.all(paths.map((path) => served.ask(path)))
      assert.deepEqual([...new Set(answers.map(({ status }) => status))], [502])
      const meanwhile = front.connections - before
      assert.ok(meanwhile <= fewConnections, `${waitingClients} clients caused ${meanwhile} connections`)
      front.mode = forwardTo(port)
      await served.recovers(victimZip, false)
      assert.ok(front.connections - before <= 2 * fewConnections)
    },
  },
]
