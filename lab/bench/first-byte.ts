import { type ServedRequest, startFakeGoproxy } from '../fake-goproxy.ts'
import { fetchAll, firstBodyByte } from '../load.ts'
import { startProduct } from '../product.ts'
import { signedDatabase, sumsOfModules } from '../signed-database.ts'
import { median, quantile } from '../statistics.ts'
import { makeModule, modulePath } from '../synthetic-modules.ts'
import { type BenchRow, temporaryFolder } from './row.ts'

const PROVED_FIRST = 10

export const firstByte: BenchRow = {
  name: 'first-byte',
  title: "first byte of a cold zip from a source with a clean record, after the upstream's first byte",
  async run(context) {
    const zipsPerRun = context.quick ? 5 : 25
    const served = new Map<string, ServedRequest>()
    const modules = Array.from({ length: context.runs * zipsPerRun + PROVED_FIRST }, (_, i) =>
      makeModule({ path: `m.example/first${i}`, version: 'v1.0.0', sizeBytes: 1_000_000, files: 5 }),
    )
    const database = signedDatabase(sumsOfModules(modules))
    await using folder = await temporaryFolder()
    await using upstream = await startFakeGoproxy({
      modules,
      files: database.files,
      port: context.upstreamPort,
      observe: (request) => served.set(request.path, request),
    })
    // A line of 4 MB/s: the body is under way for a quarter of a second, so a relay that waits for its end shows.
    upstream.inject({
      pattern: '*.zip',
      fault: { kind: 'drip', bytesPerSecond: 4_000_000, burstBytes: 32_000 },
    })
    await using product = await startProduct({
      dataDir: folder.path,
      goUpstream: upstream.url,
      goSumdb: database.gosumdb,
      ...(context.program === undefined ? {} : { program: context.program }),
    })
    const lag = async (module: (typeof modules)[number]) => {
      const path = modulePath(module.path, module.version, 'zip')
      const arrivedAtMs = await firstBodyByte(`${product.goproxy}/${path}`, AbortSignal.timeout(20_000))
      const leftAtMs = served.get(path)?.firstBodyByteAtMs
      if (leftAtMs === undefined) throw new Error(`the upstream was not asked for ${path}`)
      return arrivedAtMs - leftAtMs
    }
    // A source has a clean record once bytes of it were proved often enough.
    const proved = modules.slice(0, PROVED_FIRST).map(({ path, version }) => modulePath(path, version, 'mod'))
    if ((await fetchAll(product.goproxy, proved, 1)) !== proved.length)
      throw new Error('the go.mod files cannot be had')
    const rest = modules.slice(PROVED_FIRST)
    const medians: number[] = []
    const all: number[] = []
    for (let round = 0; round < context.runs; round++) {
      const lags: number[] = []
      for (const module of rest.slice(round * zipsPerRun, (round + 1) * zipsPerRun))
        lags.push(await lag(module))
      medians.push(median(lags))
      all.push(...lags)
      context.progress(`  run ${round + 1} of ${context.runs}: median ${median(lags).toFixed(2)} ms`)
    }
    const figure = median(medians)
    return [
      {
        what: "first byte of a cold zip after the upstream's",
        figure: `${figure.toFixed(2)} ms`,
        bar: '≤ 5 ms',
        holds: figure <= 5,
        detail: `p95 ${quantile(all, 0.95).toFixed(2)} ms of ${all.length} zips`,
      },
    ]
  },
}
