/** Sources that are reached, and answer with something wrong. */

import assert from 'node:assert/strict'
import type { Fault, FaultRule } from '../../lab/faults.ts'
import { type FaultLab, victimList, victimMod, victimZip } from './fault-lab.ts'
import type { FaultRow } from './fault-row.ts'
import { type Ailment, cleanSource, equalSources, onlySource, type Promised } from './outcome.ts'

type Rule = Omit<FaultRule, 'pattern'>

const always = (fault: Fault): readonly Rule[] => [{ fault }]

const wrongSum = /sent wrong bytes for victim\.example\/x: .*checksum/

async function ailing(lab: FaultLab, rules: readonly Rule[], pattern = victimZip): Promise<Ailment> {
  const upstream = await lab.upstream()
  return {
    url: upstream.url,
    id: new URL(upstream.url).host,
    strike: () => {
      for (const rule of rules) upstream.inject({ pattern, ...rule })
    },
    cure: () => upstream.clearFaults(),
  }
}

/** The promise for a fault that ends in an error: alone, among equals, and where the bytes may be on their way. */
function misbehaviour(
  rules: readonly Rule[],
  promised: Promised,
  { breaksOff = false }: { readonly breaksOff?: boolean } = {},
): FaultRow['check'] {
  return async (lab) => {
    await onlySource(lab, await ailing(lab, rules, promised.path), promised)
    await equalSources(lab, await ailing(lab, rules, promised.path), promised.path)
    if (breaksOff) await cleanSource(lab, await ailing(lab, rules))
  }
}

const refused = (what: string) => `502 that says ${what}; from an equal source the whole body`
const orCut = 'a client that has bytes already gets a cut connection, never a clean end'

export const answerFaults: readonly FaultRow[] = [
  {
    id: 'stall-before-headers',
    injected: 'the source takes the request and stays silent',
    promised: refused('that it did not answer, and after which time'),
    code: 'timeout',
    check: misbehaviour(always({ kind: 'stall', afterBytes: 'headers' }), {
      status: 502,
      says: /did not answer within \d+ ms/,
      code: 'timeout',
    }),
  },
  {
    id: 'slow-but-alive',
    injected:
      'the only source takes longer for an answer than `upstream.budgetMs`, and answers other questions meanwhile',
    promised: 'the body, within `upstream.firstByteMs`',
    check: async (lab) => {
      const upstream = await lab.upstream()
      upstream.inject({ pattern: victimZip, fault: { kind: 'delay', delayMs: 1500 } })
      const env = { POSTHASTE_UPSTREAM_BUDGET_MS: '800', POSTHASTE_UPSTREAM_FIRST_BYTE_MS: '8000' }
      await (await lab.serve(upstream.url, env)).getsWhole(victimZip)
      assert.equal(upstream.requestsOf(victimZip), 1)
    },
  },
  {
    id: 'stall-mid-body',
    injected: 'the body stops in the middle, the connection stays open',
    promised: `continued by \`Range\` where that can be done; else ${refused('where it stalled')}; ${orCut}`,
    code: 'stall',
    check: async (lab) => {
      const stall: Fault = { kind: 'stall', afterBytes: 100_000 }
      const silent: readonly Rule[] = [
        { fault: stall, times: 1 },
        { fault: { kind: 'stall', afterBytes: 0 } },
      ]
      const promised = { status: 502, says: /stalled: 0 bytes in \d+ ms/, code: 'stall' } as const
      await misbehaviour(silent, promised, { breaksOff: true })(lab)
      const healing = await ailing(lab, [{ fault: stall, times: 1 }])
      await healing.strike()
      await (await lab.serve(healing.url)).getsWhole(victimZip)
    },
  },
  {
    id: 'stall-continued-seamlessly',
    injected:
      'a proved source stalls in the middle of a body that a client is reading; an equal one is proved too',
    promised: 'the rest comes from the other by `Range`; the client sees one whole body',
    code: 'stall',
    check: async (lab) => {
      const [first, second] = [await lab.upstream(), await lab.upstream()]
      const kept = await lab.dataFolder()
      for (const { url } of [first, second]) {
        const served = await lab.serve(url, {}, kept)
        await lab.proveSource(served, new URL(url).host)
        await served.empty()
        await served.product.stop()
      }
      const served = await lab.serve(`${first.url}|${second.url}`, {}, kept)
      for (const { inject } of [first, second])
        inject({ pattern: victimZip, fault: { kind: 'stall', afterBytes: 100_000 }, times: 1 })
      const { chunks } = await served.getsWhole(victimZip)
      assert.ok(chunks > 1, 'the body came in one piece, so it was not passed on as it came')
    },
  },
  {
    id: 'truncation',
    injected: 'the connection ends cleanly before the announced length',
    promised: `continued by \`Range\`; else ${refused('how many bytes came')}; ${orCut}`,
    code: 'truncated',
    check: misbehaviour(
      [
        { fault: { kind: 'truncate', afterBytes: 100_000 }, times: 1 },
        { fault: { kind: 'truncate', afterBytes: 0 } },
      ],
      { status: 502, says: /closed after \d+ of \d+ bytes/, code: 'truncated' },
      { breaksOff: true },
    ),
  },
  {
    id: 'reset-at-headers',
    injected: 'RST instead of an answer',
    promised: refused('that it reset the connection'),
    code: 'reset',
    check: misbehaviour(always({ kind: 'reset', afterBytes: 'headers' }), {
      status: 502,
      says: /reset|cut/,
      code: 'reset',
    }),
  },
  {
    id: 'reset-mid-body',
    injected: 'RST in the middle of the body',
    promised: `continued by \`Range\`; else ${refused('that the connection was reset')}; ${orCut}`,
    code: 'reset',
    check: misbehaviour(
      [
        { fault: { kind: 'reset', afterBytes: 100_000 }, times: 1 },
        { fault: { kind: 'reset', afterBytes: 'headers' } },
      ],
      { status: 502, says: /reset/, code: 'reset' },
      { breaksOff: true },
    ),
  },
  {
    id: 'drip',
    injected: 'one byte a second',
    promised: `counts as a stall: ${refused('so')}; ${orCut}`,
    code: 'stall',
    check: misbehaviour(
      [
        { fault: { kind: 'drip', bytesPerSecond: 1, burstBytes: 100_000 }, times: 1 },
        { fault: { kind: 'drip', bytesPerSecond: 1 } },
      ],
      { status: 502, says: /stalled: \d bytes in \d+ ms/, code: 'stall' },
      { breaksOff: true },
    ),
  },
  {
    id: 'wrong-bytes',
    injected: 'one bit of the body is wrong, its length is right',
    promised: `${refused('that the bytes contradict the checksum database')}; the evidence lies in the quarantine, the source is marked; ${orCut}`,
    code: 'wrong-content',
    check: async (lab) => {
      const ailment = await ailing(lab, always({ kind: 'wrong-bytes' }))
      const promised = { status: 502, says: wrongSum, code: 'wrong-content' } as const
      await onlySource(lab, ailment, promised)
      await equalSources(lab, await ailing(lab, always({ kind: 'wrong-bytes' })))
      await cleanSource(lab, await ailing(lab, always({ kind: 'wrong-bytes' })))
      const served = await lab.serve(ailment.url)
      await ailment.strike()
      await served.ask(victimZip)
      const { wrong, clean } = await served.source(ailment.id)
      assert.deepEqual(
        { wrong, clean, quarantined: await served.quarantined() },
        { wrong: 1, clean: false, quarantined: 1 },
      )
    },
  },
  {
    id: 'html-with-200',
    injected: 'a captive portal: a page with status 200',
    promised: refused('that this is a web page and no module zip'),
    code: 'wrong-content',
    check: misbehaviour(always({ kind: 'html' }), {
      status: 502,
      says: /sent a web page instead of .* no module zip/,
      code: 'wrong-content',
    }),
  },
  {
    id: 'redirect-to-html',
    injected: 'a captive portal: 302 to a page',
    promised: refused('that this is a web page and no module zip'),
    code: 'wrong-content',
    check: async (lab) => {
      const portal = await lab.upstream()
      portal.inject({ pattern: '*', fault: { kind: 'html' } })
      const fault: Fault = { kind: 'redirect', to: `${portal.url}/login` }
      await misbehaviour(always(fault), {
        status: 502,
        says: /sent a web page instead of .* no module zip/,
        code: 'wrong-content',
      })(lab)
    },
  },
  {
    id: 'redirect-loop',
    injected: 'redirects without an end',
    promised: refused('that it redirects too often'),
    code: 'redirect',
    check: misbehaviour(always({ kind: 'redirect-loop' }), {
      status: 502,
      says: /redirected more than \d+ times/,
      code: 'redirect',
    }),
  },
  {
    id: 'redirect-to-metadata-service',
    injected: 'a redirect to a link-local address, where clouds keep credentials',
    promised: refused('to which address; no packet is sent there'),
    code: 'redirect',
    check: misbehaviour(always({ kind: 'redirect', to: 'http://169.254.169.254/latest/' }), {
      status: 502,
      says: /redirected to .*169\.254\.169\.254.* link-local/,
      code: 'redirect',
    }),
  },
  {
    id: 'missing-then-there',
    injected: '404 for a version that is published a moment later',
    promised:
      '404, remembered for `go.ttl.missMs`, but no longer than until a list names the version; a 404 does not win over an equal source that has it',
    check: async (lab) => {
      const fault: Fault = { kind: 'status', status: 404, text: 'not found: no such tag' }
      const ailment = await ailing(lab, always(fault))
      const served = await lab.serve(ailment.url)
      await ailment.strike()
      for (let times = 0; times < 2; times++) {
        const answer = await served.ask(victimZip)
        assert.equal(answer.status, 404)
        assert.match(answer.body.toString(), /no such tag/)
      }
      await ailment.cure()
      assert.equal((await served.ask(victimZip)).status, 404, 'the miss was not remembered')
      assert.equal((await served.ask(victimList)).status, 200)
      await served.recovers(victimZip, true)
      await equalSources(lab, await ailing(lab, always(fault)))
    },
  },
  {
    id: 'gone',
    injected: '410',
    promised: 'like 404, with the source’s own words; an equal source is asked',
    check: async (lab) => {
      const fault: Fault = { kind: 'status', status: 410, text: 'gone: retracted by its author' }
      const ailment = await ailing(lab, always(fault))
      const served = await lab.serve(ailment.url)
      await ailment.strike()
      const answer = await served.ask(victimZip)
      assert.equal(answer.status, 404)
      assert.match(answer.body.toString(), /^gone: retracted by its author/)
      await equalSources(lab, await ailing(lab, always(fault)))
    },
  },
  {
    id: 'denied-with-text',
    injected: '403 with a reason',
    promised: '403 with that reason, final after a `,` in the list; after a `|` the next source is asked',
    check: async (lab) => {
      const fault: Fault = { kind: 'status', status: 403, text: 'banned by policy 7' }
      const ailment = await ailing(lab, always(fault))
      const honest = await lab.upstream()
      const served = await lab.serve(`${ailment.url},${honest.url}`)
      await ailment.strike()
      const answer = await served.ask(victimZip)
      assert.equal(answer.status, 403)
      assert.match(answer.body.toString(), /^banned by policy 7/)
      assert.equal(honest.requestsOf(victimZip), 0)
      await ailment.cure()
      await served.recovers(victimZip, true)
      await equalSources(lab, await ailing(lab, always(fault)))
    },
  },
  {
    id: 'throttled',
    injected: '429 with `Retry-After`',
    promised:
      '503 with `Retry-After`; the source is left alone for that time, and gets fewer requests at a time from then on; meanwhile an equal one serves; a pause of up to a second is kept for the client, who waits',
    code: 'throttled',
    check: async (lab) => {
      const fault: Fault = { kind: 'status', status: 429, retryAfter: '2' }
      const upstream = await lab.upstream()
      const id = new URL(upstream.url).host
      const served = await lab.serve(upstream.url)
      upstream.inject({ pattern: victimZip, fault })
      const expected = { status: 503, source: id, says: /left alone/ }
      for (const path of [victimZip, victimZip, victimMod]) {
        const { headers } = await served.isRefused(path, expected)
        assert.match(headers.get('retry-after') ?? '', /^[12]$/)
      }
      assert.equal(upstream.requestsOf(victimZip), 1, 'it was asked again too soon')
      assert.equal(upstream.requestsOf(victimMod), 0, 'it was asked for something else too soon')
      upstream.clearFaults()
      await served.recovers(victimZip, false)
      await equalSources(lab, await ailing(lab, always(fault)))
    },
  },
  {
    id: 'burst-of-503',
    injected: '503 a few times, without a word when to come back',
    promised: refused('the status'),
    code: 'http',
    check: misbehaviour([{ fault: { kind: 'status', status: 503 }, times: 3 }], {
      status: 502,
      says: /answered 503/,
      code: 'http',
    }),
  },
  {
    id: 'length-too-long',
    injected: '`Content-Length` announces more than there is',
    promised: `${refused('how many bytes came')}; ${orCut}`,
    code: 'truncated',
    check: misbehaviour(
      always({ kind: 'lying-length', deltaBytes: 1000 }),
      { status: 502, says: /closed after|another (size|range)/, code: 'truncated' },
      { breaksOff: true },
    ),
  },
  {
    id: 'length-too-short',
    injected: '`Content-Length` announces less than is sent',
    promised: `${refused('so')}; ${orCut}`,
    code: 'malformed',
    check: misbehaviour(
      always({ kind: 'lying-length', deltaBytes: -1000 }),
      { status: 502, says: /more than the \d+ bytes/, code: 'malformed' },
      { breaksOff: true },
    ),
  },
  {
    id: 'wrong-range',
    injected: 'a body breaks, and the rest comes with another `Content-Range` than asked for',
    promised: `no byte of it is used: ${refused('what broke')}; ${orCut}`,
    code: 'malformed',
    check: misbehaviour(
      [{ fault: { kind: 'truncate', afterBytes: 100_000 }, times: 1 }, { fault: { kind: 'wrong-range' } }],
      { status: 502, says: /closed after \d+ of \d+ bytes|another range/, code: 'malformed' },
      { breaksOff: true },
    ),
  },
  {
    id: 'gzip-bomb',
    injected: 'a small compressed body that unpacks to 64 MiB, for a go.mod',
    promised: refused('that it is larger than allowed'),
    code: 'too-large',
    check: misbehaviour(always({ kind: 'gzip-bomb', unpackedBytes: 64 << 20 }), {
      path: victimMod,
      status: 502,
      says: /more than the \d+ bytes allowed/,
      code: 'too-large',
    }),
  },
  {
    id: 'gzip-unasked',
    injected: 'the body comes compressed, though nobody asked for that',
    promised: 'unpacked, proved and kept as it should be',
    check: async (lab) => {
      for (const path of [victimZip, victimMod]) {
        const ailment = await ailing(lab, always({ kind: 'gzip' }), path)
        const served = await lab.serve(ailment.url)
        await ailment.strike()
        const answer = await served.getsWhole(path)
        assert.equal(answer.headers.get('content-encoding'), undefined)
        await served.keepsNothingWrong()
      }
    },
  },
]
