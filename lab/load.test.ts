import { expect, test } from 'bun:test'
import { AnswerReader } from './answer-reader.ts'
import { startFakeGoproxy } from './fake-goproxy.ts'
import { crowd, fetchAll, measureLatency } from './load.ts'
import { startSlowReaders } from './slow-readers.ts'
import { median, quantile } from './statistics.ts'
import { makeModule, modulePath } from './synthetic-modules.ts'

const module = makeModule({ path: 'm.example/x', version: 'v1.0.0', sizeBytes: 2_000_000 })
const zipPath = modulePath(module.path, module.version, 'zip')
const modPath = modulePath(module.path, module.version, 'mod')

test('a crowd gets equal bodies', async () => {
  await using upstream = await startFakeGoproxy({ modules: [module] })
  const result = await crowd(`${upstream.url}/${zipPath}`, 20, module.zip, AbortSignal.timeout(10_000))
  expect([result.equal, result.failures]).toEqual([20, []])
  expect(upstream.requestsOf(zipPath)).toBe(20)
})

test('a crowd notices one wrong body, one short body, one refusal and one stall', async () => {
  await using upstream = await startFakeGoproxy({ modules: [module] })
  upstream.inject({ pattern: '*', times: 1, fault: { kind: 'wrong-bytes' } })
  upstream.inject({ pattern: '*', times: 1, fault: { kind: 'truncate', afterBytes: 1000 } })
  upstream.inject({ pattern: '*', times: 1, fault: { kind: 'status', status: 503 } })
  upstream.inject({ pattern: '*', times: 1, fault: { kind: 'stall', afterBytes: 10 } })
  const result = await crowd(`${upstream.url}/${zipPath}`, 10, module.zip, AbortSignal.timeout(500))
  expect(result.equal).toBe(6)
  expect(result.failures.map((text) => text.replace(/\d{4,}/g, 'N')).sort()).toEqual([
    'closed after N of N bytes',
    'not done in time, after 10 bytes',
    'status 503',
    expect.stringContaining('wrong bytes after'),
  ])
})

test('slow readers hold their connections and take little', async () => {
  const large = makeModule({ path: 'm.example/large', version: 'v1.0.0', sizeBytes: 30_000_000 })
  await using upstream = await startFakeGoproxy({ modules: [large] })
  await using readers = await startSlowReaders(
    `${upstream.url}/${modulePath(large.path, large.version, 'zip')}`,
    5,
    100_000,
  )
  while (readers.receivedBytes < 1_000_000) await Bun.sleep(10)
  expect(upstream.connections).toBe(5)
  expect(readers.broken).toBe(0)
  expect(readers.receivedBytes).toBeLessThan(20_000_000)
})

test('latency is measured over kept connections, and failures are counted', async () => {
  await using upstream = await startFakeGoproxy({ modules: [module] })
  const good = await measureLatency(`${upstream.url}/${modPath}`, { durationMs: 200, connections: 2 })
  expect(good.failures).toBe(0)
  expect(good.requests).toBeGreaterThan(10)
  expect(good.p99Ms).toBeGreaterThanOrEqual(good.p50Ms)
  const bad = await measureLatency(`${upstream.url}/missing`, { durationMs: 200, connections: 2 })
  expect(bad.failures).toBe(2)
})

test('a slower server shows in the latency', async () => {
  await using upstream = await startFakeGoproxy({ modules: [module] })
  upstream.inject({ pattern: '*', fault: { kind: 'delay', delayMs: 20 } })
  const slow = await measureLatency(`${upstream.url}/${modPath}`, { durationMs: 200, connections: 1 })
  expect(slow.p50Ms).toBeGreaterThan(18)
})

test('fetching all counts what was answered well', async () => {
  await using upstream = await startFakeGoproxy({ modules: [module] })
  expect(await fetchAll(upstream.url, [zipPath, modPath, 'missing', zipPath], 2)).toBe(3)
})

test('medians and quantiles', () => {
  expect([median([3, 1, 2]), median([4, 1, 2, 3]), quantile([0, 10], 0.99)]).toEqual([2, 2.5, 9.9])
  expect(median([])).toBeNaN()
})

test('an answer in chunks is read, whatever the pieces it comes in', () => {
  const wire = Buffer.from(
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n',
  )
  for (let size = 1; size <= wire.length; size++) {
    let text = ''
    const reader = new AnswerReader((piece) => {
      text += piece.toString()
    })
    for (let at = 0; at < wire.length; at += size) {
      expect(reader.done).toBe(false)
      reader.push(wire.subarray(at, at + size))
      if (reader.done) break
    }
    expect([reader.status, text, reader.done]).toEqual([200, 'hello world', true])
  }
})
