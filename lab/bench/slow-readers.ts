import { startFakeGoproxy } from '../fake-goproxy.ts'
import { measureLatencyApart } from '../latency-apart.ts'
import { fetchAll } from '../load.ts'
import { startProduct } from '../product.ts'
import { startProgram } from '../program.ts'
import { median } from '../statistics.ts'
import { makeModule, modulePath } from '../synthetic-modules.ts'
import { alternate, type BenchRow, medianRatio, megabytes, temporaryFolder } from './row.ts'

const READERS = 200
const BYTES_PER_SECOND = 100_000

export const slowReaders: BenchRow = {
  name: 'slow-readers',
  title: '200 clients reading a 100 MB object at 100 kB/s each, while others are served',
  async run(context) {
    const module = makeModule({
      path: 'm.example/huge',
      version: 'v1.0.0',
      sizeBytes: 100_000_000,
      files: 10,
    })
    const zip = modulePath(module.path, module.version, 'zip')
    const mod = modulePath(module.path, module.version, 'mod')
    await using folder = await temporaryFolder()
    await using upstream = await startFakeGoproxy({ modules: [module], port: context.upstreamPort })
    await using product = await startProduct({
      dataDir: folder.path,
      goUpstream: upstream.url,
      ...(context.program === undefined ? {} : { program: context.program }),
    })
    if ((await fetchAll(product.goproxy, [zip, mod], 1)) !== 2)
      throw new Error('the objects cannot be fetched')
    const hit = `${product.goproxy}/${mod}`
    await measureLatencyApart(hit, { durationMs: 1000 })

    let brokenReaders = 0
    const p99 = async (durationMs: number) => {
      const latency = await measureLatencyApart(hit, { durationMs })
      if (latency.failures > 0) throw new Error(`${latency.failures} hits failed`)
      return latency.p99Ms
    }
    // The readers are a process of their own, so that they do not disturb the clock of the hits.
    const underLoad = async () => {
      await using readers = await startProgram({
        command: [
          process.execPath,
          `${import.meta.dirname}/../slow-readers.ts`,
          `${product.goproxy}/${zip}`,
          `${READERS}`,
          `${BYTES_PER_SECOND}`,
        ],
        readyLine: /^slow readers (ready)/m,
      })
      const value = await p99(context.quick ? 5000 : 60_000)
      const told = (await readers.stop()).trim().split('\n').at(-1) ?? ''
      brokenReaders += Number(JSON.parse(told).broken)
      return value
    }
    context.progress('p99 of a warm .mod, ms')
    const values = await alternate(
      context.runs,
      { idle: () => p99(context.quick ? 2000 : 10_000), loaded: underLoad },
      context.progress,
    )
    const ratio = medianRatio(values.loaded, values.idle)
    const rss = await product.rssBytes('peak')
    return [
      {
        what: `${READERS} clients reading 100 MB at 100 kB/s, others served`,
        figure: `hit p99 ${ratio.toFixed(2)} × idle, RSS ${megabytes(rss)}`,
        bar: 'p99 ≤ 3 × idle, RSS < 200 MB',
        holds: ratio <= 3 && rss < 200e6 && brokenReaders === 0,
        detail: `p99 ${median(values.loaded).toFixed(2)} ms, idle ${median(values.idle).toFixed(2)} ms; ${brokenReaders} readers broken`,
      },
    ]
  },
}
