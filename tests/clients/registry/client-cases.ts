import { expect } from 'bun:test'
import type { FaultRule } from '../../../lab/faults.ts'
import type { ClientCase } from './client-case.ts'
import { lockCases } from './lock-cases.ts'
import { privateCases } from './private-cases.ts'
import { dataHolds, registryOf } from './registry-scene.ts'

const installsAsDirect: ClientCase = {
  id: 'cold',
  title: 'cold: what a direct install brings, each immutable thing fetched once',
  run: async (at) => {
    const direct = await at.run({ registry: at.upstream.address })
    expect(direct).toMatchObject({ code: 0 })
    at.upstream.resetLog()
    const product = await at.serve()
    const cold = await at.run({ registry: registryOf(at.client, product) })
    expect(cold).toMatchObject({ code: 0, installed: direct.installed })
    expect(cold.installed.length).toBeGreaterThan(0)
    const fetched = at.upstream.immutableRequests()
    expect(fetched.length).toBeGreaterThan(0)
    expect(repeated(fetched)).toEqual([])
    return ''
  },
}

const warm: ClientCase = {
  id: 'warm',
  title: 'warm: the upstream is asked for nothing that never changes',
  run: async (at) => {
    await at.run({ registry: at.upstream.address })
    const needed = new Set(at.upstream.immutableRequests())
    expect(needed.size).toBeGreaterThan(0)
    const product = await at.serve()
    const registry = registryOf(at.client, product)
    const cold = await at.run({ registry })
    expect(cold).toMatchObject({ code: 0 })
    at.upstream.resetLog()
    expect(await at.run({ registry })).toMatchObject({ code: 0, installed: cold.installed })
    // What was foreseen for the cold run, and no client needs, may still be on its way.
    expect(at.upstream.immutableRequests().filter((path) => needed.has(path))).toEqual([])
    return ''
  },
}

const upstreamsOff: ClientCase = {
  id: 'off',
  title: 'all upstreams off, then a restart with --offline',
  run: async (at) => {
    const first = await at.serve()
    const cold = await at.run({ registry: registryOf(at.client, first) })
    expect(cold).toMatchObject({ code: 0 })
    at.upstream.resetLog()
    await at.upstream.stop()
    const off = await at.run({ registry: registryOf(at.client, first), fewRetries: true })
    expect(off).toMatchObject({ code: 0, installed: cold.installed })
    expect(await first.stop()).toMatchObject({ code: 0 })
    const second = await at.serve({ args: ['--offline'] })
    const again = await at.run({ registry: registryOf(at.client, second), fewRetries: true })
    expect(again).toMatchObject({ code: 0, installed: cold.installed })
    expect(at.upstream.requests()).toBe(0)
    return ''
  },
}

const tampered: ClientCase = {
  id: 'tampered',
  title: 'tampered bytes upstream: an error that names the package, and nothing is kept',
  run: async (at) => {
    const { client, upstream } = at
    const victim = at.fixture.victim
    const rule: FaultRule = { pattern: `*${victim.file}`, fault: { kind: 'wrong-bytes' } }
    const injected = upstream.inject(rule)
    const product = await at.serve()
    const registry = registryOf(client, product)
    const failed = await at.run({ registry, fewRetries: true })
    expect(failed.code).not.toBe(0)
    expect(failed.output.replaceAll('_', '-')).toContain(victim.name)
    expect(await dataHolds(at.dataDir, flipped(victim.bytes))).toBe(false)
    injected[Symbol.dispose]()
    expect(await at.run({ registry })).toMatchObject({ code: 0 })
    // Without this the search above might look in the wrong place.
    expect(await dataHolds(at.dataDir, victim.bytes)).toBe(true)
    const asked = upstream.immutableRequests().filter((path) => path.endsWith(victim.file))
    expect(asked.length).toBeGreaterThan(1)
    return ''
  },
}

const outageStale: ClientCase = {
  id: '503-stale',
  title: 'upstream 503 when all is stale: the same install',
  run: async (at) => {
    const { ecosystem } = at.client
    const names = ecosystem === 'go' ? ['LIST', 'LATEST', 'QUERY'] : ['METADATA']
    const env = names.map((name) => [`POSTHASTE_${ecosystem.toUpperCase()}_TTL_${name}_MS`, '1'] as const)
    const product = await at.serve({ env: Object.fromEntries(env) })
    const registry = registryOf(at.client, product)
    const cold = await at.run({ registry })
    expect(cold).toMatchObject({ code: 0 })
    at.upstream.resetLog()
    at.upstream.inject(unavailable)
    const stale = await at.run({ registry, fewRetries: true })
    expect(stale).toMatchObject({ code: 0, installed: cold.installed })
    // Without this the fault was not met and the case says nothing.
    expect(at.upstream.requests()).toBeGreaterThan(0)
    return ''
  },
}

const outageCold: ClientCase = {
  id: '503-cold',
  title: 'upstream 503 and nothing kept: an error that says so, never "there is no such package"',
  run: async (at) => {
    at.upstream.inject(unavailable)
    const product = await at.serve()
    const registry = registryOf(at.client, product)
    const { causeWith = [], install } = at.client
    const failed = await at.run({ registry, fewRetries: true, args: [...install, ...causeWith] })
    expect(failed.code).not.toBe(0)
    expect(failed.output).toMatch(/50[234]|bad gateway|unavailable/i)
    expect(failed.output).not.toMatch(/\b404\b/)
    at.upstream.clearFaults()
    expect(await at.run({ registry })).toMatchObject({ code: 0 })
    const showsCause = failed.output.includes(new URL(at.upstream.address).host)
    const shown = showsCause ? 'the cause is shown' : 'the status is shown, the cause is not'
    return causeWith.length === 0 ? shown : `with \`${causeWith.join(' ')}\` ${shown}`
  },
}

const unavailable: FaultRule = { pattern: '*', fault: { kind: 'status', status: 503 } }

/** The table's columns, in their order. */
export const clientCases: readonly ClientCase[] = [
  installsAsDirect,
  warm,
  upstreamsOff,
  ...lockCases,
  tampered,
  outageStale,
  outageCold,
  ...privateCases,
]

function repeated(paths: readonly string[]): string[] {
  return paths.filter((path, index) => paths.indexOf(path) !== index)
}

/** As the lab's `wrong-bytes` leaves a whole body. */
function flipped(bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes)
  const middle = Math.floor(copy.length / 2)
  copy[middle] = (copy[middle] ?? 0) ^ 1
  return copy
}
