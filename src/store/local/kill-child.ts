/** Child of `kill.test.ts`: changes a store for ever and prints what was acknowledged, a line each. */
import { writeSync } from 'node:fs'
import { stageAll, testBytes, testMeta } from '../store-contract.ts'
import { openLocalStore } from './local-store.ts'

const [dataDir = '', round = '0'] = process.argv.slice(2)
const store = await openLocalStore({ dataDir, maxBytes: 48 << 20 })
const acknowledge = (line: string) => writeSync(1, `${line}\n`)
acknowledge('open')

async function worker(number: number): Promise<never> {
  for (let n = 0; ; n++) {
    const seed = Number(round) * 100_000 + number * 10_000 + n
    const key = `r${round}/w${number}/${n % 7}`
    const bytes = testBytes(n % 5 === 0 ? 66_000 + n : 500 + n, seed)
    acknowledge(`begin ${key} ${seed} ${bytes.length}`)
    if (n % 5 === 0) await stageAll(store, key, bytes)
    else await store.put(key, bytes, testMeta)
    acknowledge(`done ${key} ${seed} ${bytes.length}`)
    if (n % 6 === 5) {
      acknowledge(`begin ${key} gone`)
      await store.remove(key)
      acknowledge(`done ${key} gone`)
    }
  }
}

await Promise.all([worker(0), worker(1), worker(2)])
