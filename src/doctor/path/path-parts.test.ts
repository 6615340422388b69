import { describe, expect, test } from 'bun:test'
import { openLibc } from './kernel/libc.ts'
import { type HelloStep, locateReset, resetPlace } from './locate-reset.ts'
import type { PathVerdict } from './path-verdict.ts'
import { nameResolver, plainName } from './resolve-names.ts'
import { UnknownTarget } from './target-address.ts'
import { tracePath } from './trace-path.ts'
import { verdictWords } from './verdict-words.ts'
import type { Job, Message } from './worker/messages.ts'

const steps = (...outcomes: HelloStep['outcome'][]): HelloStep[] =>
  outcomes.map((outcome, index) => ({
    ttl: index + 1,
    outcome,
    ...(outcome === 'expired' && { host: `h${index + 1}` }),
  }))

describe('the place of a reset', () => {
  test.each([
    [
      'nearer than the server',
      steps('expired', 'expired', 'reset'),
      steps('expired', 'expired', 'expired', 'answered'),
      { kind: 'between', afterTtl: 2, afterHost: 'h2', ttl: 3, serverTtl: 4 },
    ],
    [
      'behind a silent hop',
      steps('expired', 'silent', 'reset'),
      [],
      { kind: 'between', afterTtl: 1, afterHost: 'h1', ttl: 3 },
    ],
    ['the server', steps('expired', 'reset'), steps('expired', 'answered'), { kind: 'server', ttl: 2 }],
    [
      'closed in place of reset',
      steps('closed'),
      steps('silent', 'answered'),
      { kind: 'between', afterTtl: 0, ttl: 1, serverTtl: 2 },
    ],
    ['not cut at all', steps('expired', 'answered'), [], { kind: 'answered', ttl: 2 }],
    ['silence', steps('expired', 'silent'), [], { kind: 'unknown', reason: 'no reset came back' }],
    ['no connection', steps('unconnected', 'unconnected'), [], { kind: 'unknown', reason: 'no connection' }],
    ['nothing', [], [], { kind: 'unknown', reason: 'nothing was tried' }],
  ] as [string, HelloStep[], HelloStep[], object][])('%s', (_, seen, control, place) => {
    expect(resetPlace(seen, control)).toEqual(place as ReturnType<typeof resetPlace>)
  })

  test('is unknown where sockets are refused', async () => {
    async function* refused(): AsyncGenerator<Message> {
      yield { kind: 'failed', reason: 'no-packet-sockets', detail: 'no packet sockets on darwin' }
    }
    const target = { address: '192.0.2.1', port: 443, serverName: 'a.example' }
    const { place } = await locateReset(target, {}, new AbortController().signal, refused)
    expect(place).toEqual({ kind: 'unknown', reason: 'no packet sockets on darwin' })
  })
})

describe('names', () => {
  test.each([
    ['router.example.', 'router.example'],
    ['xe-0_0.core.example', 'xe-0_0.core.example'],
    ['\x1b[2Jevil', undefined],
    ['a b', undefined],
    ['<script>', undefined],
    ['', undefined],
    ['x'.repeat(254), undefined],
  ])('%j is shown as %j', (given, shown) => {
    expect(plainName(given)).toBe(shown)
  })

  test('are looked up once each, few at a time, and a failure leaves the number', async () => {
    let running = 0
    let most = 0
    const asked: string[] = []
    const resolver = nameResolver(async (address) => {
      asked.push(address)
      most = Math.max(most, ++running)
      await Promise.resolve()
      running--
      if (address === '10.0.0.7') throw new Error('ENOTFOUND')
      return [`host-${address}.`]
    })
    const addresses = Array.from({ length: 40 }, (_, index) => `10.0.0.${index}`)
    resolver.want(addresses)
    resolver.want(addresses)
    await resolver.settle(1_000)
    expect(asked.length).toBe(40)
    expect(most).toBeLessThanOrEqual(8)
    expect(resolver.names.get('10.0.0.3')).toBe('host-10.0.0.3')
    expect(resolver.names.has('10.0.0.7')).toBe(false)
  })
})

test('every verdict has words in both languages, of its own', () => {
  const where = { afterTtl: 1, afterHost: '10.0.0.1', fromTtl: 2, fromHost: '10.0.0.2' }
  const refusal = { ttl: 2, by: '10.0.0.2', byTarget: false, meaning: 'prohibited' } as const
  const findings = [
    { id: 'path.fine' },
    { id: 'path.no_route', error: 'ENETUNREACH' },
    { id: 'path.local_firewall', error: 'EPERM' },
    { id: 'path.prohibited', ...refusal },
    { id: 'path.unreachable', ...refusal, meaning: 'net' },
    { id: 'path.loop', ttl: 2, hosts: ['10.0.0.2'] },
    { id: 'path.blackhole', ttl: 2, host: '10.0.0.2' },
    { id: 'path.target_silent', ttl: 0 },
    { id: 'path.unfinished', ttl: 1, host: '10.0.0.1' },
    { id: 'path.loss', lossPercent: 20, lowPercent: 12, highPercent: 30, sent: 100, where },
    { id: 'path.flow_loss', badFlows: 1, flows: 4 },
    { id: 'path.delay', bestMs: 600, riseMs: 500, where },
    { id: 'path.unsteady', meanMs: 90, bestMs: 10, worstMs: 300, jitterMs: 40, where },
    { id: 'path.mtu_hole', bytes: 1300, where },
    { id: 'path.mtu_low', bytes: 1400, by: '10.0.0.1' },
    { id: 'path.rate_limited', hops: [{ ttl: 1, lossPercent: 63 }] },
    { id: 'path.shared_load', ttls: [2] },
    { id: 'path.port_closed' },
  ] as const
  const target = { host: 'mirror.example', address: '192.0.2.9', port: 443, protocol: 'tcp' } as const
  const said = findings.flatMap((finding) => {
    const verdict: PathVerdict = { ...finding, outcome: 'problem', confidence: 'likely' }
    const [english, chinese] = (['en', 'zh'] as const).map((language) =>
      verdictWords(verdict, target, language),
    )
    for (const text of [english?.message, english?.fix ?? ''])
      expect(text).not.toMatch(/[\u4e00-\u9fff]|undefined|NaN/)
    expect(chinese?.message).toMatch(/[\u4e00-\u9fff]/)
    expect(chinese?.message).not.toMatch(/undefined|NaN/)
    expect(chinese?.fix === undefined).toBe(english?.fix === undefined)
    return [english?.message, chinese?.message]
  })
  expect(new Set(said).size).toBe(findings.length * 2)
})

describe('a trace', () => {
  test('where there are no packet sockets times connections, and says why', async () => {
    const server = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data: () => undefined } })
    async function* nothing(): AsyncGenerator<Message> {
      yield { kind: 'failed', reason: 'no-packet-sockets', detail: 'no packet sockets on win32' }
    }
    const options = { rounds: 3, intervalMs: 1, names: false, protocol: 'icmp' } as const
    const open = await tracePath({ host: '127.0.0.1', port: server.port }, options, undefined, {
      run: nothing,
    })
    server.stop(true)
    expect(open).toMatchObject({
      privilege: 'none',
      protocol: 'tcp',
      limits: ['no-packet-sockets'],
      limitDetail: 'no packet sockets on win32',
      rounds: 3,
    })
    expect(open.target).toMatchObject({ sent: 3, received: 3 })
    expect(open.verdicts[0].id).toBe('path.fine')
    const closed = await tracePath({ host: '127.0.0.1', port: server.port }, options, undefined, {
      run: nothing,
    })
    expect(closed.verdicts.map(({ id }) => id)).toContain('path.port_closed')
  })

  test.each([
    ['udp', undefined, 443],
    ['icmp', undefined, 443],
    ['udp', 53, 53],
    ['tcp', undefined, 443],
  ] as const)('by --%s to port %p says that it timed TCP %d there', async (protocol, port, said) => {
    const stop = new AbortController()
    async function* nothing(): AsyncGenerator<Message> {
      stop.abort()
      yield { kind: 'failed', reason: 'no-packet-sockets', detail: 'no packet sockets on win32' }
    }
    const target = { host: '127.0.0.1', ...(port !== undefined && { port }) }
    const path = await tracePath(target, { protocol, names: false }, stop.signal, { run: nothing })
    expect(path).toMatchObject({ protocol: 'tcp', port: said })
  })

  test('of a name goes to its address, and one that is aborted before its answer says so', async () => {
    const asked: string[] = []
    const lookup = async (host: string) => {
      asked.push(host)
      return ['192.0.2.9']
    }
    async function* nothing(): AsyncGenerator<Message> {
      yield { kind: 'end' }
    }
    const options = { names: false }
    const path = await tracePath({ host: 'mirror.example' }, options, undefined, { run: nothing, lookup })
    expect([asked, path.address]).toEqual([['mirror.example'], '192.0.2.9'])
    const aborted = AbortSignal.abort()
    const silent = () => Promise.withResolvers<readonly string[]>().promise
    await expect(
      tracePath({ host: 'mirror.example' }, options, aborted, { run: nothing, lookup: silent }),
    ).rejects.toThrow(UnknownTarget)
  })

  test('that is aborted gives what is known by then', async () => {
    const stop = new AbortController()
    async function* endless(_: Job, signal: AbortSignal): AsyncGenerator<Message> {
      yield { kind: 'ready', protocol: 'tcp', privilege: 'raw', limits: [] }
      while (!signal.aborted) {
        yield { kind: 'sent', sequence: 0, ttl: 1, flow: 0 }
        yield {
          kind: 'reply',
          sequence: 0,
          ttl: 1,
          flow: 0,
          host: '192.0.2.9',
          rttMs: 1,
          meaning: 'syn-ack',
          labels: [],
        }
        yield { kind: 'round', round: 1 }
        stop.abort()
      }
    }
    const path = await tracePath({ host: '192.0.2.9' }, { rounds: 0, names: false }, stop.signal, {
      run: endless,
    })
    expect(path).toMatchObject({ rounds: 1, target: { received: 1 } })
  })

  test('of a name without an address says so', async () => {
    await expect(tracePath({ host: '192.0.2.1' }, { family: 6 })).rejects.toThrow(UnknownTarget)
  })
})

test.each([
  ['darwin', 'arm64', 'no packet sockets on darwin'],
  ['win32', 'x64', 'no packet sockets on win32'],
  ['linux', 's390x', 'no packet sockets on s390x'],
] as const)('on %s %s the C library is not touched', (platform, arch, reason) => {
  expect(openLibc(platform, arch)).toEqual({ ok: false, reason })
})
