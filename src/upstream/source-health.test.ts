import { describe, expect, test } from 'bun:test'
import { SourceHealth } from './source-health.ts'
import type { FailureCode } from './upstream.ts'

const failure = (code: FailureCode) => ({ code, message: 'it failed' })

describe('the health of a source', () => {
  test('is suspect after one failure, out after three, and healthy after one success', () => {
    const health = new SourceHealth()
    const states = []
    for (let count = 0; count < 3; count++) {
      health.failed(failure('http'), 0)
      states.push(health.snapshot(0).state)
    }
    health.succeeded()
    expect([...states, health.snapshot(0).state]).toEqual(['suspect', 'suspect', 'out', 'healthy'])
  })

  test.each(['dns', 'connect', 'tls', 'proxy'] as const)(
    'without a connection (%s) is out at the second failure',
    (code) => {
      const health = new SourceHealth()
      health.failed(failure(code), 0)
      expect(health.snapshot(0)).toMatchObject({ state: 'suspect', unreachable: false })
      health.failed(failure(code), 0)
      expect(health.snapshot(0)).toMatchObject({ state: 'out', unreachable: true })
    },
  )

  test('an answer to one request does not hide that bodies stall', () => {
    const health = new SourceHealth()
    for (let count = 0; count < 3; count++) {
      health.answered(5)
      health.failed(failure('stall'), 0)
    }
    expect(health.snapshot(0)).toMatchObject({ state: 'out', unreachable: false })
  })

  test('pauses grow to a minute, and one request alone tries after each', async () => {
    const health = new SourceHealth()
    let now = 0
    health.failed(failure('connect'), now)
    const pauses: number[] = []
    for (let count = 0; count < 9; count++) {
      health.failed(failure('connect'), now)
      const failedAt = now
      while (!health.snapshot(now).due) now += 500
      pauses.push(now - failedAt)
    }
    expect(pauses).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000])
    const { promise, resolve } = Promise.withResolvers<void>()
    health.startProbe(promise, now)
    expect(health.snapshot(now)).toMatchObject({ state: 'probing', due: false })
    resolve()
    await health.probe
    expect(health.snapshot(now)).toMatchObject({ state: 'out', due: false })
  })

  test('when nobody else is left the pause is a second', () => {
    const health = new SourceHealth()
    for (let count = 0; count < 6; count++) health.failed(failure('connect'), 10_000)
    expect([10_999, 11_000].map((now) => health.isDueAlone(now))).toEqual([false, true])
    expect(health.snapshot(11_000).due).toBe(false)
  })

  test('an answer of the other class ends an outage of connections, and nothing else', () => {
    const unconnected = new SourceHealth()
    const failing = new SourceHealth()
    for (let count = 0; count < 3; count++) {
      unconnected.failed(failure('connect'), 0)
      failing.failed(failure('http'), 0)
    }
    unconnected.reached()
    failing.reached()
    expect(unconnected.snapshot(0)).toMatchObject({ state: 'healthy', unreachable: false })
    expect(failing.snapshot(0).state).toBe('out')
  })

  test('measures latency by a moving average, its own p95, and throughput of large bodies only', () => {
    const health = new SourceHealth()
    for (let count = 1; count <= 19; count++) health.answered(10)
    expect(health.snapshot(0)).toMatchObject({ firstByteMs: 10, p95Ms: undefined, samples: 19 })
    for (let count = 0; count < 11; count++) health.answered(100)
    expect(health.snapshot(0).p95Ms).toBe(100)
    expect(health.snapshot(0).firstByteMs).toBeCloseTo(92.3, 1)
    health.carried(1000, 1)
    expect(health.snapshot(0).bytesPerMs).toBeUndefined()
    health.carried(1_000_000, 100)
    expect(health.snapshot(0).bytesPerMs).toBe(10_000)
  })
})
