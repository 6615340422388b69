import { readFile } from 'node:fs/promises'
import { measureLatencyApart } from '../latency-apart.ts'
import { type Product, startProduct } from '../product.ts'
import { startProgram } from '../program.ts'
import { median } from '../statistics.ts'
import { packumentContent } from './npm-packument.ts'
import { makePackument } from './npm-packument-maker.ts'
import type { RegistryCrowd } from './registry-crowd.ts'
import { fetchBody } from './registry-rate.ts'
import { type RegistryUpstream, startRegistryUpstream } from './registry-upstream.ts'
import { type BenchContext, type BenchRow, medianRatio, megabytes, temporaryFolder } from './row.ts'

const CLIENTS = 20
const MAX_RSS_BYTES = 250e6
/** A second transform costs nearly as much as the first; sending the body 19 times more costs little. */
const MAX_CPU_RATIO = 1.5
/** Those who ask and those who measure are programs that have started when they begin. */
const START_MS = 1_500
/** Of those who measure. */
const WARM_UP_MS = 500

interface Round {
  readonly fetches: number
  readonly good: number
  readonly bodies: number
  readonly cpuRatio: number
  readonly idleP99Ms: number
  readonly loadedP99Ms: number
  readonly tookMs: number
  readonly peakBytes: number
}

export const packumentSingleFlight: BenchRow = {
  name: 'packument-single-flight',
  title: '20 first requests at once for one packument of 42 MB, and hits of others meanwhile',
  async run(context) {
    await using upstream = startRegistryUpstream({
      port: context.upstreamPort,
      content: (url) =>
        packumentContent([
          makePackument({ name: 'large', versions: 3_900, sizeBytes: 42_000_000 }, url),
          makePackument({ name: 'other', versions: 4, sizeBytes: 6_000 }, url),
        ]),
    })
    // So that the upstream has compressed it before anything is measured.
    await fetchBody(`${upstream.url}/large`, { 'accept-encoding': 'gzip' })
    const rounds: Round[] = []
    for (let at = 0; at < context.runs; at++) {
      const round = await takeRound(context, upstream)
      rounds.push(round)
      context.progress(
        `  run ${at + 1} of ${context.runs}: ${round.fetches} fetches, ${round.good} good answers, CPU ${round.cpuRatio.toFixed(2)} × one client's, p99 ${round.loadedP99Ms.toFixed(2)} ms, idle ${round.idleP99Ms.toFixed(2)} ms, RSS ${megabytes(round.peakBytes)}`,
      )
    }
    const of = (key: keyof Round) => rounds.map((round) => round[key])
    const ratio = medianRatio(of('loadedP99Ms'), of('idleP99Ms'))
    const cpu = median(of('cpuRatio'))
    const peak = Math.max(...of('peakBytes'))
    const isWhole = rounds.every(({ good, bodies }) => good === CLIENTS && bodies === 1)
    return [
      {
        what: `${CLIENTS} clients on one cold packument of 42 MB`,
        figure: `${Math.max(...of('fetches'))} fetch, CPU ${cpu.toFixed(2)} × one client's, RSS ${megabytes(peak)}`,
        bar: `1 fetch, 1 transform (CPU < ${MAX_CPU_RATIO} ×), RSS < 250 MB`,
        holds: isWhole && of('fetches').every((n) => n === 1) && cpu < MAX_CPU_RATIO && peak < MAX_RSS_BYTES,
        detail: `${Math.min(...of('good'))} of ${CLIENTS} answers whole and equal after ${Math.round(median(of('tookMs')))} ms`,
      },
      {
        what: 'hits of others meanwhile',
        figure: `p99 ${ratio.toFixed(2)} × idle`,
        bar: 'p99 ≤ 3 × idle',
        holds: ratio <= 3,
        detail: `p99 ${median(of('loadedP99Ms')).toFixed(2)} ms, idle ${median(of('idleP99Ms')).toFixed(2)} ms`,
      },
    ]
  },
}

/** One client first, for what one transform costs and how long it takes; then the crowd, each at an empty store. */
async function takeRound(context: BenchContext, upstream: RegistryUpstream): Promise<Round> {
  const alone = await withProduct(context, upstream, async (product) => {
    const before = await cpuSeconds(product)
    const { tookMs } = await crowd(product, 1)
    return { tookMs, cpu: (await settledCpuSeconds(product)) - before }
  })
  return await withProduct(context, upstream, async (product) => {
    const hit = `${product.url}/npm/other`
    const p99 = async (durationMs: number, beginAtMs = 0) => {
      const result = await measureLatencyApart(hit, { durationMs, warmUpMs: WARM_UP_MS }, beginAtMs)
      if (result.failures > 0) throw new Error(`${result.failures} connections of the hits failed`)
      return result.p99Ms
    }
    for (let warming = 0; warming < 3; warming++) await fetchBody(hit, {})
    const idleP99Ms = await p99(context.quick ? 2_000 : 10_000)
    upstream.resetCounts()
    const before = await cpuSeconds(product)
    const beginAtMs = Date.now() + START_MS
    const [result, loadedP99Ms] = await Promise.all([
      crowd(product, CLIENTS, beginAtMs),
      p99(alone.tookMs, beginAtMs),
    ])
    const cpu = (await settledCpuSeconds(product)) - before
    return {
      fetches: upstream.requestsOf('large'),
      good: result.good,
      bodies: result.bodies,
      cpuRatio: cpu / alone.cpu,
      idleP99Ms,
      loadedP99Ms,
      tookMs: result.tookMs,
      peakBytes: await product.rssBytes('peak'),
    }
  })
}

async function withProduct<T>(
  context: BenchContext,
  upstream: RegistryUpstream,
  use: (product: Product) => Promise<T>,
): Promise<T> {
  await using folder = await temporaryFolder()
  await using product = await startProduct({
    dataDir: folder.path,
    goUpstream: 'off',
    env: { POSTHASTE_NPM_UPSTREAM: upstream.url },
    ...(context.program === undefined ? {} : { program: context.program }),
  })
  return await use(product)
}

/** In a process of its own, so that it does not disturb the clock of the hits. */
async function crowd(product: Product, clients: number, beginAtMs = 0): Promise<RegistryCrowd> {
  await using program = await startProgram({
    command: [
      process.execPath,
      `${import.meta.dirname}/registry-crowd.ts`,
      ...[`${product.url}/npm/large`, `${clients}`, 'application/json', `${beginAtMs}`],
    ],
    readyLine: /^crowd (.+)$/m,
    readyWithinMs: 120_000,
  })
  return JSON.parse(program.ready)
}

/** User and system time so far. Linux only. */
async function cpuSeconds({ pid }: Product): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

/** When nothing is done behind the answers any more, or after ten seconds. */
async function settledCpuSeconds(product: Product): Promise<number> {
  let last = await cpuSeconds(product)
  for (let turn = 0; turn < 20; turn++) {
    await Bun.sleep(500)
    const now = await cpuSeconds(product)
    if (now - last < 0.05) return now
    last = now
  }
  return last
}
