import { expect, test } from 'bun:test'
import type { Evidence, ExchangeFact, ExchangePurpose, QueryFact, QueryOutcome } from '../evidence.ts'
import { Seen } from '../seen.ts'
import type { Target } from '../target.ts'
import { judge } from './rules.ts'

const url = new URL('https://registry.example/')
const npm: Target = { url, role: 'source', ecosystem: 'npm', foundIn: 'a test' }
const context = { allowPrivate: [], catalogues: {} }

function connect(id: string, address: string, tookMs: number): Evidence {
  return {
    id,
    target: 'registry.example:443',
    atMs: 0,
    tookMs,
    probe: 'tcp',
    outcome: 'open',
    host: 'registry.example',
    address,
    port: 443,
    family: 4,
    purpose: 'target',
  }
}

const idsFor = (evidence: readonly Evidence[], targets: readonly Target[] = [npm]) =>
  judge(new Seen(evidence, targets), context).map(({ id }) => id)

const far = [connect('e1', '1.2.3.4', 310), connect('e2', '1.2.3.4', 320)]
const broken: Evidence = { ...connect('e3', '2600::1', 1), family: 6, outcome: 'net-unreachable' } as Evidence

test('an address beyond 250 ms before one that is broken is too far for Node, where Node asks', () => {
  expect(idsFor([broken, ...far])).toEqual(['node.he250'])
  expect(idsFor([broken, ...far], [{ ...npm, ecosystem: 'go' }])).toEqual([])
})

test('one address, a last one that works, or one within 250 ms, is not', () => {
  expect(idsFor(far)).toEqual([])
  expect(idsFor([...far, connect('e3', '1.2.3.5', 320)])).toEqual([])
  expect(idsFor([connect('e1', '1.2.3.4', 200), ...far, broken])).toEqual([])
})

test('the last address is the last that the system names', () => {
  const lookup: Evidence = {
    id: 'e9',
    target: 'registry.example',
    atMs: 0,
    tookMs: 1,
    probe: 'dns.lookup',
    outcome: 'answer',
    host: 'registry.example',
    addresses: ['2600::1', '1.2.3.4'],
  }
  expect(idsFor([broken, ...far, lookup])).toEqual([])
})

test('a fault of the path is a verdict where nothing else says it, and evidence where something does', () => {
  const common = { target: 'registry.example:443', atMs: 0, tookMs: 1 }
  const path: Evidence = {
    ...common,
    id: 'e9',
    probe: 'path',
    outcome: 'problem',
    host: 'registry.example',
    summary: 'from hop 3 on',
  }
  expect(idsFor([path])).toEqual(['path.fault'])
  const silent: Evidence = { ...connect('e1', '1.2.3.4', 900), outcome: 'silent' } as Evidence
  const [finding, ...others] = judge(new Seen([silent, path], [npm]), context)
  expect(others).toEqual([])
  expect(finding?.id).toBe('tcp.filtered')
  expect(finding?.evidence).toEqual(['e1', 'e9'])
})

test('one sample is never likely', () => {
  const silent: Evidence = { ...connect('e1', '1.2.3.4', 900), outcome: 'silent' } as Evidence
  expect(judge(new Seen([silent], [npm]), context)[0]).toMatchObject({
    confidence: 'possible',
    cause: 'unexplained',
    control: undefined,
  })
})

function query(given: Partial<QueryFact> & { readonly id?: string; readonly tookMs?: number }): Evidence {
  return {
    id: 'e1',
    target: 'registry.example',
    atMs: 0,
    tookMs: 5,
    probe: 'dns.query',
    outcome: 'answer',
    host: 'registry.example',
    server: '192.0.2.53',
    type: 'A',
    transport: 'udp',
    purpose: 'name',
    name: 'registry.example',
    addresses: given.outcome === undefined || given.outcome === 'answer' ? ['1.2.3.4'] : [],
    others: [],
    ...given,
  }
}

test('a name server is slow when every new question is, not when the machine is busy', () => {
  const asked = (...times: readonly number[]) =>
    times.map((tookMs, at) => {
      const once = { id: `e${at}`, tookMs, purpose: 'again' } as const
      return at % 2 ? query({ ...once, name: `p${at}.registry.example`, outcome: 'nxdomain' }) : query(once)
    })
  expect(idsFor(asked(180, 170, 190, 160, 150, 175))).toEqual(['dns.slow'])
  expect(idsFor(asked(180, 170, 190, 12, 600, 175))).toEqual([])
})

test('a question over TCP that gets an answer without addresses is not blocked', () => {
  const over = (outcome: QueryOutcome) => {
    const asked = { type: 'AAAA', addresses: [] } as const
    return idsFor([
      query({ ...asked, id: 'e1', outcome: 'truncated' }),
      query({ ...asked, id: 'e2', transport: 'tcp', outcome }),
    ])
  }
  for (const outcome of ['nodata', 'nxdomain', 'answer'] as const)
    expect(over(outcome)).not.toContain('dns.tcp_blocked')
  for (const outcome of ['silent', 'down', 'unreachable', 'malformed'] as const)
    expect(over(outcome)).toContain('dns.tcp_blocked')
})

test('a name server that no way leads to is a fault where no other one answers', () => {
  const unreachable = ['e1', 'e2'].map((id) => query({ id, server: 'fe80::1', outcome: 'unreachable' }))
  expect(idsFor(unreachable)).toEqual(['dns.timeout'])
  expect(idsFor([...unreachable, query({ id: 'e3' })])).toEqual([])
})

test('small answers pass only where one came', () => {
  const exchange = (id: string, purpose: ExchangePurpose, outcome: ExchangeFact['outcome']): Evidence => ({
    id,
    target: 'registry.example:443',
    atMs: 0,
    tookMs: 900,
    probe: 'http',
    outcome,
    purpose,
    host: 'registry.example',
    url: 'https://registry.example/a',
    bodyBytes: 0,
    isHtml: false,
  })
  const unanswered = [exchange('e1', 'metadata', 'no-answer'), exchange('e2', 'again', 'no-answer')]
  const after = (outcome: ExchangeFact['outcome']) =>
    idsFor([...unanswered, exchange('e3', 'range', outcome)])
  for (const outcome of ['answer', 'cut-off'] as const) expect(after(outcome)).toEqual(['mtu.blackhole'])
  for (const outcome of ['unsent', 'closed', 'reset', 'not-http'] as const)
    expect(after(outcome)).not.toContain('mtu.blackhole')
})

test('nothing seen, nothing said', () => {
  expect(idsFor([])).toEqual([])
})
