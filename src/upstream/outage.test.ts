import { describe, expect, test } from 'bun:test'
import { Socket } from 'node:net'
import type { Network } from './network.ts'
import { fakeServer } from './testing/fake-server.ts'
import { sound, whole } from './testing/scripts.ts'
import { ask, bodyOf, namedNetwork, textOf, upstreamOf } from './testing/upstream-fixture.ts'

describe('an outage', () => {
  function outage(port: () => number) {
    const named = namedNetwork({ 'mirror.example': ['127.0.0.1'] })
    const state = { down: true, dials: 0 }
    const network: Network = {
      lookup: named.lookup,
      connect: (address) => {
        state.dials++
        return named.connect(address, state.down ? 1 : port())
      },
    }
    return { state, network }
  }

  test('is found by a few requests, not by all, and the network’s return by one', async () => {
    let now = 0
    await using server = await fakeServer(sound)
    const { state, network } = outage(() => server.port)
    await using upstream = upstreamOf('http://mirror.example', {
      network,
      now: () => now,
      limits: { budgetMs: 60_000, firstByteMs: 60_000, stallMs: 60_000 },
    })
    const all = () => Promise.all(Array.from({ length: 500 }, () => ask(upstream)))
    expect((await all()).every(({ kind }) => kind === 'failed')).toBe(true)
    const dialsAtFirst = state.dials
    expect(dialsAtFirst).toBeLessThanOrEqual(130)
    expect((await all()).every(({ kind }) => kind === 'failed')).toBe(true)
    expect(state.dials).toBe(dialsAtFirst)

    now += 1000
    expect((await all()).every(({ kind }) => kind === 'failed')).toBe(true)
    expect(state.dials - dialsAtFirst).toBeLessThanOrEqual(1)

    now += 1000
    state.down = false
    const dialsBefore = state.dials
    const answers = await Promise.all(Array.from({ length: 500 }, async () => bodyOf(await ask(upstream))))
    expect(answers.every((bytes) => bytes.equals(whole))).toBe(true)
    expect(state.dials - dialsBefore).toBeLessThanOrEqual(65)
  })

  test('that metadata met is known to blobs, and the return too', async () => {
    let now = 0
    await using server = await fakeServer(sound)
    const { state, network } = outage(() => server.port)
    await using upstream = upstreamOf('http://mirror.example', { network, now: () => now })
    await ask(upstream, { shape: 'metadata' })
    const dialsAtFirst = state.dials
    expect((await ask(upstream)).kind).toBe('failed')
    expect(state.dials).toBe(dialsAtFirst)
    now += 1000
    state.down = false
    expect(await bodyOf(await ask(upstream))).toEqual(whole)
    expect(await bodyOf(await ask(upstream, { shape: 'metadata' }))).toEqual(whole)
  })

  test('of all sources is answered within the budget', async () => {
    const dead = { lookup: namedNetwork({ a: ['203.0.113.1'] }).lookup, connect: () => new Socket() }
    await using upstream = upstreamOf('http://a:1|http://a:2|http://a:3|http://a:4', {
      network: dead,
      limits: { connectMs: 60_000, budgetMs: 200 },
    })
    expect((await ask(upstream)).kind).toBe('failed')
  })

  test('of one source does not keep its equals from answering, and its return is noticed beside them', async () => {
    let now = 0
    await using back = await fakeServer(sound)
    await using good = await fakeServer(sound)
    const { state, network } = outage(() => back.port)
    const both: Network = {
      lookup: async (host) =>
        host === '127.0.0.1' ? network.lookup('mirror.example') : network.lookup(host),
      connect: (address, port) =>
        port === 80 ? network.connect(address, port) : namedNetwork({}).connect(address, port),
    }
    await using upstream = upstreamOf(`http://mirror.example|${good.url}`, { network: both, now: () => now })
    const metadata = () => ask(upstream, { shape: 'metadata' })
    for (let count = 0; count < 6; count++) expect(await textOf(await metadata())).toBe(whole.toString())
    state.down = false
    now += 120_000
    for (let count = 0; count < 3; count++) await bodyOf(await metadata())
    expect(back.seen.length).toBeGreaterThan(0)
    expect(upstream.ranking('go', 'metadata')[0]?.every(({ leftOut }) => leftOut === undefined)).toBe(true)
  })
})
