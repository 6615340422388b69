import { startFakeGoproxy } from '../fake-goproxy.ts'
import { crowd } from '../load.ts'
import { startProduct } from '../product.ts'
import { median } from '../statistics.ts'
import { makeModule, modulePath } from '../synthetic-modules.ts'
import { type BenchRow, megabytes, temporaryFolder } from './row.ts'

const MAX_RSS_BYTES = 200e6

export const singleFlight: BenchRow = {
  name: 'single-flight',
  title: '1,000 clients on one cold 50 MB zip',
  async run(context) {
    const clients = context.quick ? 100 : 1000
    const module = makeModule({ path: 'm.example/huge', version: 'v1.0.0', sizeBytes: 50_000_000, files: 50 })
    const path = modulePath(module.path, module.version, 'zip')
    await using upstream = await startFakeGoproxy({ modules: [module], port: context.upstreamPort })
    // Slow enough that every client is there while the fill goes on.
    upstream.inject({
      pattern: path,
      fault: { kind: 'drip', bytesPerSecond: 25_000_000, burstBytes: 100_000 },
    })
    const runs: { fetches: number; equal: number; rss: number; p50: number; p99: number; failure: string }[] =
      []
    for (let round = 0; round < context.runs; round++) {
      await using folder = await temporaryFolder()
      await using product = await startProduct({
        dataDir: folder.path,
        goUpstream: upstream.url,
        ...(context.program === undefined ? {} : { program: context.program }),
      })
      upstream.resetCounts()
      const result = await crowd(
        `${product.goproxy}/${path}`,
        clients,
        module.zip,
        AbortSignal.timeout(300_000),
      )
      const run = {
        fetches: upstream.requestsOf(path),
        equal: result.equal,
        rss: await product.rssBytes('peak'),
        p50: result.p50Ms,
        p99: result.p99Ms,
        failure: result.failures[0] ?? '',
      }
      runs.push(run)
      context.progress(
        `  run ${round + 1} of ${context.runs}: ${run.equal} equal, ${run.fetches} fetches, RSS ${megabytes(run.rss)}, p99 ${Math.round(run.p99)} ms ${run.failure}`,
      )
    }
    const worst = Math.max(...runs.map(({ rss }) => rss))
    const oneFetch = runs.every(({ fetches }) => fetches === 1)
    const allEqual = runs.every(({ equal }) => equal === clients)
    return [
      {
        what: `${clients.toLocaleString('en-US')} clients on one cold 50 MB zip`,
        figure: `${Math.max(...runs.map(({ fetches }) => fetches))} fetch, ${Math.min(...runs.map(({ equal }) => equal))} equal bodies, RSS ${megabytes(worst)}`,
        bar: '1 fetch, all equal, RSS < 200 MB',
        holds: oneFetch && allEqual && worst < MAX_RSS_BYTES,
        detail: `worst of ${context.runs} runs; to the last byte p50 ${Math.round(median(runs.map(({ p50 }) => p50)))} ms, p99 ${Math.round(median(runs.map(({ p99 }) => p99)))} ms at an upstream of 25 MB/s`,
      },
    ]
  },
}
