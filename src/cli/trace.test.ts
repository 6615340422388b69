import { describe, expect, test } from 'bun:test'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { judgePath } from '../doctor/path/judge-path.ts'
import type { Hop, PathEvidence, PathFacts } from '../doctor/path/path-evidence.ts'
import { UnknownTarget } from '../doctor/path/target-address.ts'
import type { tracePath } from '../doctor/path/trace-path.ts'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { traceCommand } from './trace-command.ts'
import { readTraceArguments } from './trace-flags.ts'
import { sparkline } from './trace-table.ts'
import { readTarget } from './trace-target.ts'
import { displayWidth } from './trace-width.ts'

const address = '192.0.2.9'

function hop(ttl: number, given: Partial<Hop> = {}): Hop {
  return {
    ttl,
    hosts: [{ address: `10.0.${ttl}.1`, received: 4, labels: [] }],
    sent: 4,
    received: 4,
    lossPercent: 0,
    lastMs: 1.25,
    bestMs: 1,
    meanMs: 2,
    worstMs: 4,
    jitterMs: 0.5,
    recentMs: [1, 4, null, 2],
    isTarget: false,
    ...given,
  }
}

const silent: Partial<Hop> = {
  hosts: [],
  received: 0,
  lossPercent: 100,
  lastMs: null,
  bestMs: null,
  meanMs: null,
  worstMs: null,
  jitterMs: null,
}

function evidence(given: Partial<PathFacts> = {}): PathEvidence {
  const facts: PathFacts = {
    protocol: 'tcp',
    address,
    hops: [
      hop(1, { hosts: [{ address: '10.0.1.1', name: 'gateway.example', received: 4, labels: [] }] }),
      hop(2, {
        hosts: [
          {
            address: '10.0.2.1',
            received: 3,
            labels: [{ label: 24_001, trafficClass: 0, bottom: true, ttl: 1 }],
          },
          { address: '10.0.2.2', received: 1, labels: [] },
        ],
      }),
      hop(3, silent),
      hop(4, { hosts: [{ address, received: 4, labels: [] }], isTarget: true }),
    ],
    target: hop(4),
    targetMeaning: 'syn-ack',
    flows: [],
    mtu: { kind: 'passes', bytes: 1500 },
    refused: undefined,
    ...given,
  }
  return {
    host: 'mirror.example',
    family: 4,
    port: 443,
    privilege: 'raw',
    limits: [],
    limitDetail: undefined,
    rounds: 4,
    startedAt: '2026-01-02T03:04:05.000Z',
    ...facts,
    verdicts: judgePath(facts),
  }
}

async function call(
  args: readonly string[],
  path: PathEvidence | Error = evidence(),
  env: Record<string, string> = {},
  cwd = '/nowhere',
  screen: { readonly isTTY?: boolean; readonly columns?: number } = {},
) {
  const said = { out: '', err: '' }
  const io = {
    stdout: { write: (text: string) => (said.out += text), ...screen },
    stderr: { write: (text: string) => (said.err += text) },
    env,
    cwd,
  }
  const trace = async () => {
    if (path instanceof Error) throw path
    return path
  }
  return { code: await traceCommand(args, io, { trace }), ...said }
}

describe('the target', () => {
  test.each([
    ['mirror.example', { host: 'mirror.example' }],
    ['mirror.example:8443', { host: 'mirror.example', port: 8443 }],
    ['192.0.2.1:80', { host: '192.0.2.1', port: 80 }],
    ['2001:db8::1', { host: '2001:db8::1' }],
    ['[2001:db8::1]:443', { host: '2001:db8::1', port: 443 }],
    ['[2001:db8::1]', { host: '2001:db8::1' }],
    ['https://mirror.example/simple/', { host: 'mirror.example', port: 443 }],
    ['http://mirror.example:8081/x', { host: 'mirror.example', port: 8081 }],
    ['http://[2001:db8::1]/', { host: '2001:db8::1', port: 80 }],
  ])('%s', (written, target) => {
    expect(readTarget(written)).toEqual({ ok: true, ...target })
  })

  test.each([
    '',
    'a b',
    'mirror.example:',
    'mirror.example:0',
    'mirror.example:65536',
    'mirror.example:x',
    '[nothing]:1',
    'ftp://x/',
    'fe80::1%eth0',
    'https://',
  ])('%j is refused', (written) => {
    expect(readTarget(written).ok).toBe(false)
  })
})

describe('wrong usage', () => {
  test.each([
    [[], 'which HOST'],
    [['a', 'b'], "takes no 'b'"],
    [['a', '--tcp', '--udp'], '--tcp and --udp do not go together'],
    [['a', '-4', '-6'], '-4 and -6'],
    [['a', '--json', '--csv'], '--json and --csv'],
    [['a', '--rounds', '0'], 'from 1 to'],
    [['a', '--rounds', '1.5'], 'whole number'],
    [['a', '--interval', '10'], 'from 200'],
    [['a', '--max-hops', '65'], 'to 64'],
    [['a', '--flows', '65'], 'to 64'],
    [['a', '--lang', 'fr'], 'only en and zh'],
    [['a', '--jsn'], 'did you mean --json'],
    [['a:0'], 'no port'],
  ])('%j', async (args, message) => {
    const { code, out, err } = await call(args)
    expect([code, out]).toEqual([64, ''])
    expect(err).toContain(message)
  })
})

test.each([
  [['https://bob:secret@h:99999/']],
  [['https://bob:se/cret@h:99999/']],
  [['https://bob:s@secret@h:99999/']],
  [['https://bob:sec\nret@h:99999/']],
  [['ftp://bob:secret@h/']],
  [['bob:secret@h:443']],
  [['bob:secret@h']],
  [['bob:sec%20ret@h']],
  [['https:/bob:secret@h']],
  [['a', 'https://bob:secret@h/']],
  [['a', '--rounds', 'https://bob:secret@h/']],
  [['a', '--lang', 'https://bob:secret@h/']],
])('credentials are not printed: %j', async (args) => {
  const { code, out, err } = await call(args)
  expect([code, out]).toEqual([64, ''])
  expect(err).toContain('***@h')
  expect(err).not.toMatch(/bob|secret|cret|sec/)
})

test.each([50, 60, 120])('on a terminal of %d columns the result keeps to them', async (columns) => {
  const screen = { isTTY: true, columns }
  const { out } = await call(['mirror.example'], evidence(), { NO_COLOR: '1' }, '/nowhere', screen)
  const after = out.slice(out.indexOf('\n\n')).split('\n')
  expect(after.filter((line) => displayWidth(line) > columns)).toEqual([])
  const hops = out.split('\n').filter((line) => /^ +\d /.test(line))
  expect(hops.every((line) => /[▁▂▃▄▅▆▇█×]/.test(line))).toBe(columns > 100)
})

test('a terminal is watched until Ctrl-C, all else ends after some rounds', () => {
  const rounds = (args: readonly string[], isTerminal: boolean) => {
    const read = readTraceArguments(args, {}, isTerminal)
    return read.ok && read.request !== 'help' ? read.request.options.rounds : undefined
  }
  expect(rounds(['a'], true)).toBe(0)
  expect(rounds(['a'], false)).toBe(10)
  expect(rounds(['a', '--json'], true)).toBe(10)
  expect(rounds(['a', '--rounds', '3'], true)).toBe(3)
})

describe('what is printed', () => {
  test('the table', async () => {
    const { code, out } = await call(['mirror.example'])
    expect(code).toBe(0)
    expect(out).toBe(`posthaste trace mirror.example (192.0.2.9): TCP 443, IPv4, raw sockets, 4 rounds
hop  host                        loss  sent  last  mean  best  worst  jitter  0–4.0 ms
  1  gateway.example (10.0.1.1)    0%     4   1.3   2.0   1.0    4.0     0.5  ▃█×▅
  2  10.0.2.1                      0%     4   1.3   2.0   1.0    4.0     0.5  ▃█×▅
       [MPLS: label 24001, class 0, TTL 1]
     10.0.2.2 (1)
  3  (no answer)                 100%     4     –     –     –      –       –  ▃█×▅
  4  192.0.2.9                     0%     4   1.3   2.0   1.0    4.0     0.5  ▃█×▅

✓ the path to mirror.example:443 is fine
• several equal paths: more than one router at hop 2
`)
  })

  test('in Chinese, by the locale or the flag, in straight columns', async () => {
    const { out } = await call(['mirror.example'], evidence(), { LANG: 'zh_CN.UTF-8' })
    expect(out).toContain('路径正常')
    expect(await call(['mirror.example', '--lang', 'zh'])).toMatchObject({ out })
    const [, head = '', first = ''] = out.split('\n')
    const column = (line: string, text: string) =>
      displayWidth(line.slice(0, line.indexOf(text) + text.length))
    expect(column(head, '丢包')).toBe(column(first, '0%'))
  })

  test('JSON', async () => {
    const { out } = await call(['mirror.example', '--json'])
    const report = JSON.parse(out)
    expect(report.verdict).toMatchObject({ id: 'path.fine', outcome: 'fine', confidence: 'possible' })
    expect(report.hops.map(({ ttl }: Hop) => ttl)).toEqual([1, 2, 3, 4])
    expect(report.hops[2]).toEqual({
      ttl: 3,
      ...silent,
      sent: 4,
      isTarget: false,
    })
  })

  test('CSV', async () => {
    const { out } = await call(['mirror.example', '--csv'])
    expect(out.split('\r\n')).toEqual([
      'ttl,hosts,names,sent,received,lossPercent,lastMs,bestMs,meanMs,worstMs,jitterMs,isTarget',
      '1,10.0.1.1,gateway.example,4,4,0,1.25,1,2,4,0.5,false',
      '2,10.0.2.1 10.0.2.2,- -,4,4,0,1.25,1,2,4,0.5,false',
      '3,,,4,0,100,,,,,,false',
      '4,192.0.2.9,-,4,4,0,1.25,1,2,4,0.5,true',
      '',
    ])
  })

  test('a page that is complete in itself and trusts nobody', async () => {
    await using folder = await temporaryFolder()
    const path = { ...evidence(), host: '<img src=x onerror=alert(1)>' }
    const { code, err } = await call(['mirror.example', '--report', 'path.html'], path, {}, folder.path)
    expect([code, err]).toEqual([0, `wrote ${join(folder.path, 'path.html')}\n`])
    const page = await readFile(join(folder.path, 'path.html'), 'utf8')
    expect(page).not.toContain('<img')
    expect(page).not.toMatch(/<[^>]+\s(src|href)=/)
    expect(page).toContain("default-src 'none'")
    expect(page).toContain('gateway.example (10.0.1.1)')
    expect(page.match(/class="lost"/g)).toHaveLength(4)
  })

  test('a page that cannot be written is a failure', async () => {
    expect(await call(['a', '--report', '/nowhere/at/all.html'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('ENOENT'),
    })
  })
})

test.each([
  ['fine', {}, 0],
  ['a problem', { target: undefined, hops: [hop(1), hop(2, silent)] }, 1],
  ['unclear', { target: undefined, hops: [hop(1), hop(2, silent)], protocol: 'udp' }, 2],
  ['stopped before a probe was given up', { target: undefined, hops: [hop(1)] }, 2],
] as [string, Partial<PathFacts>, number][])('the exit code of %s', async (_, given, code) => {
  expect(await call(['mirror.example'], evidence(given))).toMatchObject({ code })
})

test('a signal that comes twice ends it once', async () => {
  const said: string[] = []
  const write = (text: string) => said.push(text)
  const io = { stdout: { write }, stderr: { write }, env: {}, cwd: '/nowhere' }
  const before = process.listenerCount('SIGTERM')
  let listening: number | undefined
  const trace: typeof tracePath = async (_target, _options, signal) => {
    process.emit('SIGTERM')
    expect(signal?.aborted).toBe(true)
    listening = process.listenerCount('SIGTERM')
    return evidence()
  }
  expect(await traceCommand(['mirror.example'], io, { trace })).toBe(0)
  expect([listening, process.listenerCount('SIGTERM')]).toEqual([before + 1, before])
})

test('a name without an address could not be told', async () => {
  const { code, err } = await call(
    ['nowhere.example'],
    new UnknownTarget('nowhere.example has no address (ENOTFOUND)'),
  )
  expect(code).toBe(2)
  expect(err).toStartWith('posthaste trace: nowhere.example has no address (ENOTFOUND)\n  Check')
})

test('what could not be had is said', async () => {
  const { out } = await call(['a'], {
    ...evidence(),
    privilege: 'none',
    limits: ['no-packet-sockets'],
    limitDetail: 'no packet sockets on win32',
  })
  expect(out).toContain('only connections to the target were timed (no packet sockets on win32)')
})

test('a graph is as high as the highest, newest at the right', () => {
  expect(sparkline([0, 50, 100, null], 100, 10)).toBe('▁▅█×')
  expect(sparkline([1, 2, 3], 3, 2)).toBe('▆█')
  expect(sparkline([0, 0], 0, 2)).toBe('▁▁')
})
