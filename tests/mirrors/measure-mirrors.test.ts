import { describe, expect, test } from 'bun:test'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Fault as LabFault } from '../../lab/faults.ts'
import { candidatesOf } from '../../src/mirrors/candidates.ts'
import { joinCatalogue } from '../../src/mirrors/catalogue.ts'
import { type MeasuringOptions, measureMirrors } from '../../src/mirrors/measure-mirrors.ts'
import type { Measurement } from '../../src/mirrors/measurement.ts'
import { predict } from '../../src/mirrors/predict.ts'
import { rank } from '../../src/mirrors/rank.ts'
import { readCatalogue } from '../../src/mirrors/read-catalogue.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import {
  type LabMirror,
  labCatalogue,
  mediumPath,
  smallPath,
  startLabMirror,
  sumdbName,
} from './lab-mirrors.ts'

const place = { region: 'auto', isp: undefined }

function labCatalogueOf(mirrors: readonly LabMirror[]) {
  const result = readCatalogue('lab.yaml', labCatalogue(mirrors))
  const catalogue = result.ok ? joinCatalogue(result.file, []) : undefined
  if (catalogue === undefined) throw new Error(JSON.stringify(result))
  return catalogue
}

function measure(mirrors: readonly LabMirror[], options: Partial<MeasuringOptions> = {}) {
  const catalogue = labCatalogueOf(mirrors)
  return measureMirrors({
    catalogue,
    candidates: candidatesOf({ catalogue, inUse: [], origins: [], nowMs: 0 }),
    version: '0.0.0',
    env: {},
    signal: AbortSignal.timeout(30_000),
    sumdbName,
    ...options,
    limits: { smallMs: 2000, sampleMs: 1000, stepMs: 1000, ...options.limits },
  })
}

function only(measurements: readonly Measurement[]): Measurement {
  const [first] = measurements
  if (first === undefined || measurements.length !== 1) throw new Error('not one measurement')
  return first
}

test('everything is measured of a sound mirror', async () => {
  await using mirror = await startLabMirror({ sumdb: true })
  const result = only(await measure([{ id: 'sound', address: mirror.url }]))
  expect(result.fault).toBeUndefined()
  expect(result).toMatchObject({ errors: 0, range: 'resumes', sumdb: 'relays', proxied: false })
  expect(result.reach).toMatchObject({ httpVersion: 'http/1.1', ipv6: 'none', tlsMs: undefined })
  expect(result.rounds).toHaveLength(3)
  for (const round of result.rounds) {
    expect(round.firstByteMs).toHaveLength(2)
    expect(round.smallPerSecond).toBeGreaterThan(0)
    expect(round.bytesPerSecond).toBeGreaterThan(0)
  }
  expect(result.canaries.get('busy.example/one')?.has('v1.11.0')).toBe(true)
})

test('TLS and the version of HTTP are measured', async () => {
  await using mirror = await startLabMirror({ tls: true })
  await using folder = await temporaryFolder('mirrors')
  const caFile = join(folder.path, 'ca.pem')
  await writeFile(caFile, mirror.ca ?? '')
  const result = only(await measure([{ id: 'sound', address: mirror.url }], { caFile }))
  expect(result.fault).toBeUndefined()
  expect(result.reach?.httpVersion).toBe('http/1.1')
  expect(result.reach?.tlsMs).toBeGreaterThan(0)
})

test('a certificate that nobody vouches for is told as such', async () => {
  await using mirror = await startLabMirror({ tls: true })
  const result = only(await measure([{ id: 'unknown', address: mirror.url }]))
  expect(result.fault).toMatchObject({ code: 'tls' })
  expect(mirror.counts().requests).toBe(0)
})

const wrongAnswers: readonly [name: string, pattern: string, fault: LabFault, code: string][] = [
  ['an HTML page for everything', '*', { kind: 'html' }, 'html'],
  ['an HTML page in place of metadata', 'probe.example/a/*', { kind: 'html' }, 'html'],
  ['another go.mod', smallPath, { kind: 'wrong-bytes' }, 'wrong-content'],
  ['another zip of the right length', mediumPath, { kind: 'wrong-bytes' }, 'wrong-content'],
  ['another range than asked for', mediumPath, { kind: 'wrong-range' }, 'wrong-content'],
  ['an HTML page in place of the zip', mediumPath, { kind: 'html' }, 'html'],
  ['418', '*', { kind: 'status', status: 418 }, 'status'],
  ['403', '*', { kind: 'status', status: 403, text: 'no' }, 'status'],
  ['a redirect that never ends', '*', { kind: 'redirect-loop' }, 'redirect'],
  ['silence', '*', { kind: 'stall', afterBytes: 'headers' }, 'timeout'],
  ['a reset', '*', { kind: 'reset', afterBytes: 'headers' }, 'reset'],
  ['silence in the midst of every download', mediumPath, { kind: 'stall', afterBytes: 60_000 }, 'stall'],
  ['a reset in the midst of every download', mediumPath, { kind: 'reset', afterBytes: 60_000 }, 'reset'],
  ['an early end to every download', mediumPath, { kind: 'truncate', afterBytes: 60_000 }, 'truncated'],
]

describe('a mirror is disqualified when it gives', () => {
  for (const [name, pattern, fault, code] of wrongAnswers) {
    test(name, async () => {
      await using mirror = await startLabMirror({ faults: [{ pattern, fault }] })
      const measurements = await measure([{ id: 'bad', address: mirror.url }], {
        limits: { smallMs: 300, sampleMs: 300, stepMs: 1000 },
      })
      expect(only(measurements).fault).toMatchObject({ code })
      const { reference } = labCatalogueOf([{ id: 'bad', address: mirror.url }])
      expect(rank(measurements, { reference, place, isSet: false }).ranked).toEqual([])
    })
  }
})

test('a dead address is told, and the next one of the same mirror is used', async () => {
  await using mirror = await startLabMirror()
  const port = await deadPort()
  const dead = only(await measure([{ id: 'dead', address: `http://127.0.0.1:${port}` }]))
  expect(dead.fault).toMatchObject({ code: 'connect' })
  const [second] = await measure([{ id: 'two', address: `http://127.0.0.1:${port}, ${mirror.url}` }])
  expect(second).toMatchObject({ address: mirror.url, fault: undefined })
})

test('a mirror without ranges and without a checksum database is usable, and it is said', async () => {
  await using mirror = await startLabMirror({ faults: [{ pattern: mediumPath, fault: { kind: 'gzip' } }] })
  const result = only(await measure([{ id: 'plain', address: mirror.url }]))
  expect(result.fault).toBeUndefined()
  expect(result.sumdb).toBe('absent')
  expect(result.range).not.toBe('unknown')
})

test('errors that pass are counted and make the prediction longer, but do not disqualify', async () => {
  await using flaky = await startLabMirror({
    faults: [{ pattern: 'probe.example/a/*', fault: { kind: 'reset', afterBytes: 'headers' }, times: 2 }],
  })
  const result = only(await measure([{ id: 'flaky', address: flaky.url }]))
  expect(result.fault).toBeUndefined()
  expect(result.errors).toBeGreaterThan(0)
  const { reference } = labCatalogueOf([{ id: 'flaky', address: flaky.url }])
  const [faulty, sound] = [result, { ...result, errors: 0 }].map(
    (one) => predict(one, reference)?.totalMs ?? 0,
  )
  expect(faulty).toBeGreaterThan(sound ?? 0)
})

const brokenDownloads: readonly [name: string, fault: LabFault][] = [
  ['goes silent', { kind: 'stall', afterBytes: 60_000 }],
  ['is reset', { kind: 'reset', afterBytes: 60_000 }],
  ['ends early', { kind: 'truncate', afterBytes: 60_000 }],
]

describe('a download counts as failed, and no rate is taken from it, when it', () => {
  for (const [name, fault] of brokenDownloads) {
    test(name, async () => {
      await using mirror = await startLabMirror({ faults: [{ pattern: mediumPath, fault, times: 1 }] })
      const mirrors = [{ id: 'broken', address: mirror.url }]
      const result = only(await measure(mirrors))
      expect(result.fault).toBeUndefined()
      expect(result.errors).toBe(1)
      expect(result.rounds.map(({ bytesPerSecond }) => bytesPerSecond !== 0)).toEqual([false, true, true])
      const { reference } = labCatalogueOf(mirrors)
      const sound = { ...result, errors: 0, rounds: result.rounds.slice(1) }
      const prediction = predict(result, reference)
      const rateOfSound = predict(sound, reference)?.bytesPerSecond ?? 0
      expect(prediction?.bytesPerSecond).toBeCloseTo((rateOfSound * 2) / 3)
      expect(prediction?.perRoundMs[0]).toBe(Number.POSITIVE_INFINITY)
    })
  }
})

test('a download that is slow throughout is no error, and its rate is that of the whole time', async () => {
  const fault: LabFault = { kind: 'drip', bytesPerSecond: 20_000, burstBytes: 60_000 }
  await using mirror = await startLabMirror({ faults: [{ pattern: mediumPath, fault }] })
  const result = only(await measure([{ id: 'slow', address: mirror.url }]))
  expect(result).toMatchObject({ fault: undefined, errors: 0 })
  for (const { bytesPerSecond } of result.rounds) expect(bytesPerSecond).toBeLessThan(150_000)
})

test('the wait for a file that is longer than that for a small document counts as its download', async () => {
  const fault: LabFault = { kind: 'delay', delayMs: 500 }
  await using mirror = await startLabMirror({ faults: [{ pattern: mediumPath, fault }] })
  const result = only(await measure([{ id: 'buffers', address: mirror.url }]))
  expect(result).toMatchObject({ fault: undefined, errors: 0 })
  for (const { bytesPerSecond } of result.rounds) expect(bytesPerSecond).toBeLessThan(1_000_000)
})

test('a small document that never comes counts with the time that it was waited for', async () => {
  const fault: LabFault = { kind: 'stall', afterBytes: 'headers' }
  await using mirror = await startLabMirror({ faults: [{ pattern: 'probe.example/a/*', fault }] })
  const limits = { smallMs: 300, sampleMs: 1000, rounds: 2 }
  const result = only(await measure([{ id: 'hangs', address: mirror.url }], { limits }))
  expect(result.fault).toBeUndefined()
  expect(result.errors).toBeGreaterThan(0)
  // A timer may end a millisecond early.
  expect(Math.max(...result.rounds.flatMap(({ firstByteMs }) => firstByteMs))).toBeGreaterThan(298)
})

test('a page in place of a file is told before it is whole', async () => {
  await using sound = await startLabMirror()
  using portal = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: (request) => {
      const { pathname } = new URL(request.url)
      if (pathname !== `/${mediumPath}`) return fetch(`${sound.url}${pathname}`)
      let timer: NodeJS.Timeout | undefined
      const page = new ReadableStream({
        start(stream) {
          stream.enqueue('<!doctype html><title>Sign in</title>')
          timer = setInterval(() => stream.enqueue(' '), 20)
        },
        cancel: () => clearInterval(timer),
      })
      return new Response(page, { headers: { 'Content-Type': 'application/zip' } })
    },
  })
  const limits = { sampleMs: 400, rounds: 1 }
  const result = only(
    await measure([{ id: 'portal', address: `http://127.0.0.1:${portal.port}` }], { limits }),
  )
  expect(result.fault).toMatchObject({ code: 'html' })
})

test('samples of several mirrors are interleaved', async () => {
  const order: string[] = []
  await using one = await startLabMirror()
  await using two = await startLabMirror()
  await measure(
    [
      { id: 'one', address: one.url },
      { id: 'two', address: two.url },
    ],
    { onProgress: ({ doing }) => order.push(doing) },
  )
  expect(order.filter((doing) => doing.includes('round'))).toEqual([
    'one, round 1 of 3',
    'two, round 1 of 3',
    'one, round 2 of 3',
    'two, round 2 of 3',
    'one, round 3 of 3',
    'two, round 3 of 3',
  ])
})

test('a mirror gets no more than its allowance', async () => {
  await using mirror = await startLabMirror()
  const bytesPerMirror = 220_000
  const result = only(await measure([{ id: 'sound', address: mirror.url }], { limits: { bytesPerMirror } }))
  // One chunk may cross the line; nothing is asked for after that.
  expect(result.bytes).toBeLessThan(bytesPerMirror + 128 * 1024)
  expect(result.errors).toBe(0)
  expect(result.rounds.map(({ bytesPerSecond }) => bytesPerSecond === undefined)).toEqual([false, true, true])
})

test('a run that takes too long ends, and says of whom it knows too little', async () => {
  await using slow = await startLabMirror({
    faults: [{ pattern: 'probe.example/a/*', fault: { kind: 'stall', afterBytes: 'headers' } }],
  })
  const result = only(
    await measure([{ id: 'slow', address: slow.url }], { limits: { runMs: 300, smallMs: 5000 } }),
  )
  expect(result.fault).toMatchObject({ code: 'unmeasured' })
  expect(result.fault?.message).toContain('0 of 3 rounds')
})

test('the user agent says who measures, and credentials go to their host only', async () => {
  const seen: Record<string, string>[] = []
  using server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: (request) => {
      seen.push(Object.fromEntries(request.headers))
      return new Response('no', { status: 404 })
    },
  })
  await measure([{ id: 'watched', address: `http://127.0.0.1:${server.port}` }], {
    headers: { '127.0.0.1': { 'X-Key': 'open' }, 'other.example': { 'X-Key': 'wrong' } },
  })
  expect(seen.length).toBeGreaterThan(0)
  for (const headers of seen) {
    expect(headers['user-agent']).toBe('posthaste/0.0.0 (mirror probe)')
    expect(headers['x-key']).toBe('open')
  }
})

test('a retired entry is not asked', async () => {
  await using mirror = await startLabMirror()
  expect(await measure([{ id: 'gone', address: mirror.url, status: 'retired' }])).toEqual([])
  expect(mirror.counts().requests).toBe(0)
})

test('a retired entry that is in use is not asked either, and is told as such', async () => {
  await using gone = await startLabMirror()
  await using sound = await startLabMirror()
  const mirrors = [
    { id: 'gone', address: gone.url, status: 'retired' },
    { id: 'sound', address: sound.url },
  ]
  const catalogue = labCatalogueOf(mirrors)
  const candidates = candidatesOf({ catalogue, inUse: [], origins: [], nowMs: 0 }).map(
    (candidate, index) => ({
      ...candidate,
      inUse: index,
    }),
  )
  const measurements = await measure(mirrors, { candidates })
  expect(gone.counts().requests).toBe(0)
  const { ranked, rejected, advice } = rank(measurements, {
    reference: catalogue.reference,
    place,
    isSet: true,
  })
  expect(ranked.map(({ measurement }) => measurement.candidate.id)).toEqual(['sound'])
  expect(rejected).toMatchObject([{ reason: { code: 'retired' } }])
  expect(advice).toEqual({
    change: true,
    reason: expect.stringContaining('gone, which is asked first, cannot'),
  })
})

async function deadPort(): Promise<number> {
  const server = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Response() })
  const { port } = server
  await server.stop(true)
  if (port === undefined) throw new Error('no port')
  return port
}
