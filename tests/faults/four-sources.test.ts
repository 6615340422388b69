import { expect } from 'bun:test'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type FakeGoproxy, startFakeGoproxy } from '../../lab/fake-goproxy.ts'
import type { FaultRule } from '../../lab/faults.ts'
import { type SignedDatabase, signedDatabase, sumsOfModules } from '../../lab/signed-database.ts'
import { makeModule } from '../../lab/synthetic-modules.ts'
import { goClient, goMissing } from '../clients/go/go-client.ts'
import { startProduct } from '../support/product.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { testUnless } from '../support/test-unless.ts'
import { Served } from './served.ts'

const zipBytes = 400_000
const stallMs = 1000
const modules = Array.from({ length: 10 }, (_, index) =>
  makeModule({ path: `lib.example/m${index}`, version: 'v1.0.0', sizeBytes: zipBytes }),
)
const requires = modules.map(({ path, version }) => `${path} ${version}`)

/** What each kind of source does to every go.mod and zip. */
const kinds = {
  sound: [],
  stalls: [
    { pattern: '*.zip', fault: { kind: 'stall', afterBytes: zipBytes / 2 } },
    { pattern: '*.mod', fault: { kind: 'stall', afterBytes: 15 } },
  ],
  truncates: [
    { pattern: '*.zip', fault: { kind: 'truncate', afterBytes: zipBytes / 3 } },
    { pattern: '*.mod', fault: { kind: 'truncate', afterBytes: 10 } },
  ],
  lies: [
    { pattern: '*.zip', fault: { kind: 'wrong-bytes' } },
    { pattern: '*.mod', fault: { kind: 'wrong-bytes' } },
  ],
} satisfies Readonly<Record<string, readonly FaultRule[]>>
type Kind = keyof typeof kinds

const healthy: readonly Kind[] = ['sound', 'sound', 'sound', 'sound']
const orders: readonly (readonly Kind[])[] = [
  ['stalls', 'truncates', 'lies', 'sound'],
  ['lies', 'stalls', 'sound', 'truncates'],
  ['truncates', 'lies', 'stalls', 'sound'],
  ['sound', 'lies', 'truncates', 'stalls'],
]

async function startSource(kind: Kind, database: SignedDatabase): Promise<FakeGoproxy> {
  const source = await startFakeGoproxy({ modules, files: database.files })
  for (const rule of kinds[kind]) source.inject(rule)
  return source
}

/** A cold `go mod download` with an empty go.sum through four equal sources; gives its milliseconds. */
async function download(order: readonly Kind[]): Promise<number> {
  await using parts = new AsyncDisposableStack()
  const folder = parts.use(await temporaryFolder('four'))
  const database = signedDatabase(sumsOfModules(modules))
  const sources: FakeGoproxy[] = []
  for (const kind of order) sources.push(parts.use(await startSource(kind, database)))
  const dataDir = join(folder.path, 'home', 'data')
  await mkdir(dirname(dataDir))
  const product = parts.use(
    await startProduct({
      dataDir,
      log: 'off',
      env: {
        POSTHASTE_GO_UPSTREAM: sources.map(({ url }) => url).join('|'),
        POSTHASTE_GO_SUMDB: database.gosumdb,
        POSTHASTE_UPSTREAM_STALL_MS: String(stallMs),
      },
    }),
  )
  const proxy = `${product.url}/go`
  const client = await goClient({ folder: folder.path, proxy, sumdb: database.gosumdb, requires })
  const began = performance.now()
  expect(await client.run('mod', 'download', 'all')).toMatchObject({ code: 0 })
  const tookMs = performance.now() - began
  expect(await client.run('mod', 'verify')).toMatchObject({ code: 0 })
  const kept = await new Served(product, modules).keepsNothingWrong()
  expect(kept.filter((path) => path.endsWith('.zip')).length).toBe(modules.length)
  return tookMs
}

testUnless(goMissing)(
  'of four equal sources one stalls at half, one truncates, one lies and one is sound: a build passes, whatever their order',
  async () => {
    const soundMs = await download(healthy)
    for (const order of orders) {
      const tookMs = await download(order)
      const overMs = Math.round(tookMs - 1.5 * soundMs - stallMs)
      console.log(
        `${order.join(' | ')}: ${Math.round(tookMs)} ms, all sound ${Math.round(soundMs)} ms; 1.5 × that and one stall limit (${stallMs} ms) are ${overMs > 0 ? `missed by ${overMs}` : `kept by ${-overMs}`} ms`,
      )
    }
  },
)
