import { startFakeGoproxy } from '../fake-goproxy.ts'
import { fetchAll } from '../load.ts'
import { startProduct } from '../product.ts'
import { servedBytes } from '../served-files.ts'
import { median } from '../statistics.ts'
import { makeModule, modulePath } from '../synthetic-modules.ts'
import { wrk } from '../wrk.ts'
import { type BenchRow, megabytes, temporaryFolder } from './row.ts'

const PARTS = 50
const pattern = /^m\.example\/soak(\d+)\/@v\/v1\.0\.0\.(mod|info|zip)$/
const kinds = ['mod', 'info', 'zip'] as const

export const soak: BenchRow = {
  name: 'soak',
  title: 'soak: 10 million hits and 50,000 fills',
  async run(context) {
    const hitsWanted = context.quick ? 200_000 : 10_000_000
    const fillsWanted = context.quick ? 1500 : 50_000
    await using folder = await temporaryFolder()
    await using upstream = await startFakeGoproxy({
      port: context.upstreamPort,
      files: (path) => {
        const [, index, kind] = pattern.exec(path) ?? []
        if (index === undefined) return undefined
        const sizeBytes = 2000 + (Number(index) % 50) * 2000
        const module = makeModule({ path: `m.example/soak${index}`, version: 'v1.0.0', sizeBytes })
        return servedBytes(path, module[kind as 'mod' | 'info' | 'zip'])
      },
    })
    await using product = await startProduct({
      dataDir: folder.path,
      goUpstream: upstream.url,
      ...(context.program === undefined ? {} : { program: context.program }),
    })
    const hot = modulePath('m.example/soak0', 'v1.0.0', 'mod')
    let hits = 0
    let fills = await fetchAll(product.goproxy, [hot], 1)
    let nextModule = 1
    const fillPart = async () => {
      const paths: string[] = []
      for (const end = nextModule + fillsWanted / PARTS / kinds.length; nextModule < end; nextModule++) {
        for (const kind of kinds) paths.push(modulePath(`m.example/soak${nextModule}`, 'v1.0.0', kind))
      }
      const good = await fetchAll(product.goproxy, paths, 8)
      if (good !== paths.length) throw new Error(`${paths.length - good} of ${paths.length} fills failed`)
      fills += good
    }
    const hitPart = async (upTo: number) => {
      while (hits < upTo) hits += (await wrk(`${product.goproxy}/${hot}`, { seconds: 1 })).requests
    }
    const resident: number[] = []
    for (let part = 0; part < PARTS; part++) {
      await Promise.all([fillPart(), hitPart((hitsWanted / PARTS) * (part + 1))])
      resident.push(await product.rssBytes())
      if (part % 5 === 4) {
        context.progress(
          `  ${hits.toLocaleString('en-US')} hits, ${fills.toLocaleString('en-US')} fills, RSS ${megabytes(resident.at(-1) ?? 0)}`,
        )
      }
    }
    // One sample says where in a cycle of the garbage collector it was taken.
    const early = median(resident.slice(PARTS / 10 - 2, PARTS / 10 + 1))
    const late = median(resident.slice(-3))
    const ratio = late / early
    return [
      {
        what: `soak: ${hits.toLocaleString('en-US')} hits, ${fills.toLocaleString('en-US')} fills`,
        figure: `RSS ${ratio.toFixed(2)} × that after the first tenth`,
        bar: '≤ 1.2 ×',
        holds: ratio <= 1.2,
        detail: `${megabytes(early)} after a tenth, ${megabytes(late)} at the end, peak ${megabytes(await product.rssBytes('peak'))}`,
      },
    ]
  },
}
