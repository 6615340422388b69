import { createReadStream } from 'node:fs'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openLocalStore } from '../../src/store/local/local-store.ts'
import { type Product, startProduct } from '../product.ts'
import { fetchRaw } from '../raw-client.ts'
import { median } from '../statistics.ts'
import { wrk } from '../wrk.ts'
import {
  alternate,
  type BenchContext,
  type BenchRow,
  medianRatio,
  megabytes,
  short,
  temporaryFolder,
} from './row.ts'

const FEW = 1000
const PUTS_AT_ONCE = 512

export const million: BenchRow = {
  name: 'million',
  title: 'an index of 1,000,000 objects',
  async run(context) {
    const many = context.quick ? 50_000 : 1_000_000
    await using scripts = await temporaryFolder()
    const large = join(context.keepFolder, `objects-${many}`)
    const small = join(context.keepFolder, `objects-${FEW}`)
    for (const [folder, count] of [
      [large, many],
      [small, FEW],
    ] as const) {
      await provide(folder, count, context)
      await writeFile(join(scripts.path, `${count}.lua`), drawUniformly(count))
    }

    const starts: number[] = []
    for (let round = 0; round < context.runs; round++) {
      await using product = await start(large, context)
      starts.push(product.readyAfterMs)
    }
    context.progress(`  ready after ${starts.map((ms) => Math.round(ms)).join(', ')} ms`)

    await using ofMany = await start(large, context)
    await using ofFew = await start(small, context)
    const rate = async (product: Product, count: number) => {
      const script = join(scripts.path, `${count}.lua`)
      return (await wrk(product.url, { seconds: context.quick ? 2 : 5, script })).requestsPerSecond
    }
    // What is measured is the product, not how fast this disk turns: the system has the files in memory.
    await readThrough(join(large, 'packs'))
    context.progress('hits drawn uniformly over all objects, requests per second')
    const values = await alternate(
      context.runs,
      { few: () => rate(ofFew, FEW), many: () => rate(ofMany, many) },
      context.progress,
    )
    const ratio = medianRatio(values.many, values.few)
    const readyMs = median(starts)
    const objects = `${many.toLocaleString('en-US')} objects`
    return [
      {
        what: `start with ${objects}`,
        figure: `ready after ${Math.round(readyMs)} ms`,
        bar: '< 500 ms',
        holds: readyMs < 500,
        detail: `slowest of ${starts.length}: ${Math.round(Math.max(...starts))} ms`,
      },
      {
        what: `hits over ${objects}, uniformly`,
        figure: `${ratio.toFixed(2)} × the rate with ${FEW.toLocaleString('en-US')}`,
        bar: '≥ 0.7 ×',
        holds: ratio >= 0.7,
        detail: `${short(median(values.many))}/s, ${short(median(values.few))}/s; RSS ${megabytes(await ofMany.rssBytes())} and ${megabytes(await ofFew.rssBytes())}`,
      },
    ]
  },
}

async function readThrough(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    for await (const _ of createReadStream(join(folder, name), { highWaterMark: 1 << 20 }));
  }
}

function start(folder: string, context: BenchContext): Promise<Product> {
  return startProduct({
    dataDir: folder,
    goUpstream: 'off',
    ...(context.program === undefined ? {} : { program: context.program }),
  })
}

const nameOf = (index: number) => `m.example/p${String(index).padStart(7, '0')}`
const pathOf = (index: number) => `${nameOf(index)}/@v/v1.0.0.mod`
/** A go.mod of 1.6 kB, as the warm rows have it. */
const requires = Array.from({ length: 36 }, (_, i) => `\tm.example/dependency${i} v1.2.3 // indirect\n`).join(
  '',
)
const bodyOf = (index: number) =>
  Buffer.from(`module ${nameOf(index)}\n\ngo 1.20\n\nrequire (\n${requires})\n`)

function drawUniformly(count: number): string {
  return `math.randomseed(os.time())
function request()
  return wrk.format("GET", string.format("/go/m.example/p%07d/@v/v1.0.0.mod", math.random(0, ${count} - 1)))
end
`
}

/** A data folder with so many objects: the one kept from before when it still serves its first and last, else a new one. */
async function provide(folder: string, count: number, context: BenchContext): Promise<void> {
  if (await serves(folder, count, context)) return
  context.progress(`filling a data folder with ${count.toLocaleString('en-US')} objects …`)
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  const store = await openLocalStore({ dataDir: folder, maxBytes: 100e9 })
  const meta = {
    mediaType: 'text/plain; charset=utf-8',
    source: 'lab',
    proof: 'sound',
    checkedAtMs: Date.now(),
  } as const
  let next = 0
  const fill = async () => {
    while (next < count) {
      const index = next++
      await store.put(`go/${pathOf(index)}`, bodyOf(index), meta)
      if (index > 0 && index % 250_000 === 0) context.progress(`  ${index.toLocaleString('en-US')}`)
    }
  }
  await Promise.all(Array.from({ length: PUTS_AT_ONCE }, fill))
  await store.settle()
  await store.close()
  await writeFile(`${folder}.complete`, '')
  if (!(await serves(folder, count, context)))
    throw new Error(`Posthaste does not serve what was put into ${folder}`)
}

async function serves(folder: string, count: number, context: BenchContext): Promise<boolean> {
  if (!(await Bun.file(`${folder}.complete`).exists())) return false
  try {
    await using product = await start(folder, context)
    for (const index of [0, count - 1]) {
      const answer = await fetchRaw(`${product.goproxy}/${pathOf(index)}`)
      if (answer.status !== 200 || !answer.body.equals(bodyOf(index))) return false
    }
    return true
  } catch (error) {
    context.progress(`  the kept data folder is of no use: ${error instanceof Error ? error.message : error}`)
    await rm(`${folder}.complete`, { force: true })
    return false
  }
}
