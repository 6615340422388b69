import { startFakeGoproxy } from '../fake-goproxy.ts'
import { startNginxCache } from '../nginx.ts'
import { startProduct } from '../product.ts'
import { fetchRaw } from '../raw-client.ts'
import { median } from '../statistics.ts'
import { makeModule, modulePath, type SyntheticModule } from '../synthetic-modules.ts'
import { wrk } from '../wrk.ts'
import {
  alternate,
  type BenchContext,
  type BenchRow,
  type Finding,
  medianRatio,
  megabytes,
  short,
  temporaryFolder,
} from './row.ts'

interface Case {
  readonly label: string
  readonly module: SyntheticModule
  readonly kind: 'mod' | 'info' | 'zip'
}

export const warmSmall: BenchRow = {
  name: 'warm-small',
  title: 'warm .mod and .info against an nginx proxy_cache hit',
  run: (context) => {
    const requires = Array.from({ length: 40 }, (_, i) => [`m.example/dependency${i}`, 'v1.2.3'] as const)
    const module = makeModule({ path: 'm.example/small', version: 'v1.0.0', requires })
    return compare(context, [
      { label: '.mod', module, kind: 'mod' },
      { label: '.info', module, kind: 'info' },
    ])
  },
}

export const warmZip: BenchRow = {
  name: 'warm-zip',
  title: 'warm zips of 257 kB and 7 MB against an nginx proxy_cache hit',
  run: (context) =>
    compare(context, [
      {
        label: '257 kB zip',
        module: makeModule({ path: 'm.example/medium', version: 'v1.0.0', sizeBytes: 256_500, files: 20 }),
        kind: 'zip',
      },
      {
        label: '7 MB zip',
        module: makeModule({ path: 'm.example/large', version: 'v1.0.0', sizeBytes: 7_000_000, files: 20 }),
        kind: 'zip',
      },
    ]),
}

async function compare(context: BenchContext, cases: readonly Case[]): Promise<readonly Finding[]> {
  await using folder = await temporaryFolder()
  await using nginxFolder = await temporaryFolder()
  const modules = [...new Set(cases.map(({ module }) => module))]
  await using upstream = await startFakeGoproxy({ modules, port: context.upstreamPort })
  await using nginx = await startNginxCache(nginxFolder.path, upstream.port)
  await using product = await startProduct({
    dataDir: folder.path,
    goUpstream: upstream.url,
    ...(context.program === undefined ? {} : { program: context.program }),
  })
  const sides = new Map([
    ['nginx', nginx.url],
    ['posthaste', product.goproxy],
    ...context.peers.map(({ name, url }) => [name, url.replace(/\/$/, '')] as const),
  ])
  const findings: Finding[] = []
  for (const { label, module, kind } of cases) {
    const path = modulePath(module.path, module.version, kind)
    for (const [name, base] of sides) await mustServe(name, `${base}/${path}`, module[kind])
    const measures = Object.fromEntries(
      [...sides].map(([name, base]) => [
        name,
        async () => (await wrk(`${base}/${path}`, { seconds: context.quick ? 1 : 3 })).requestsPerSecond,
      ]),
    )
    context.progress(`${label}, requests per second`)
    const values = await alternate(context.runs, measures, context.progress)
    const yardstick = values.nginx ?? []
    for (const name of sides.keys()) {
      if (name === 'nginx') continue
      const own = name === 'posthaste'
      const ratio = medianRatio(values[name] ?? [], yardstick)
      findings.push({
        what: `warm ${label}${own ? '' : `, ${name}`}`,
        figure: `${ratio.toFixed(2)} × nginx`,
        bar: own ? '≥ 1.0 × nginx' : '',
        holds: own ? ratio >= 1 : undefined,
        detail: `${short(median(values[name] ?? []))}/s, nginx ${short(median(yardstick))}/s${own ? `, RSS ${megabytes(await product.rssBytes())}` : ''}`,
      })
    }
  }
  return findings
}

/** Fetches twice, so that the second is a hit, and compares every byte: a wrong body is no figure. */
async function mustServe(name: string, address: string, expected: Uint8Array): Promise<void> {
  for (let attempt = 0; attempt < 2; attempt++) {
    const answer = await fetchRaw(address)
    if (answer.status === 200 && answer.body.equals(expected)) continue
    throw new Error(
      `${name} answers ${answer.status} with ${answer.body.length} bytes (${answer.end}) at ${address}`,
    )
  }
}
