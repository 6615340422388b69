import { expect, test } from 'bun:test'
import { makeModule, modulePath } from '../../../lab/synthetic-modules.ts'
import { posthaste } from '../../support/product.ts'
import { startProcess } from '../../support/spawned.ts'
import { goMissing } from './go-client.ts'
import { type Scene, scene, tree, treeRequires } from './go-harness.ts'

const kills = process.env.POSTHASTE_TEST_ALL === '1' ? 200 : 15
/** Of the kill's instant after the start of the load. */
const latestMs = 250
const width = 8

/** Small ones for the packs, and some that are files of their own; more of them than the kills can fill. */
const load = Array.from({ length: 40 + 4 * kills }, (_, index) =>
  makeModule({
    path: `load.example/m${index}`,
    version: 'v1.0.0',
    sizeBytes: index % 3 === 0 ? 400_000 : 3_000,
  }),
)
const modules = [...tree, ...load]
const expected = new Map<string, Buffer>(
  load.flatMap((module) =>
    (['mod', 'zip', 'info'] as const).map((kind) => [
      modulePath(module.path, module.version, kind),
      Buffer.from(module[kind]),
    ]),
  ),
)
const paths = [...expected.keys()]

test(`kill -9 at ${kills} random instants under load loses nothing that was kept and tears nothing`, async () => {
  const seed = Number(process.env.POSTHASTE_TEST_SEED ?? Date.now() % 1_000_000)
  const random = randomNumbers(seed)
  await using at = await scene({ modules })
  const kept = new Set<string>()
  for (let kill = 0; kill < kills; kill++) {
    const product = await at.serve({ log: 'off' })
    const running = Promise.all(
      Array.from({ length: width }, () => askUntilGone(`${product.url}/go/`, random, kept)),
    )
    await new Promise((resolve) => setTimeout(resolve, random() * latestMs))
    product.signal('SIGKILL')
    await product.exited
    await running
  }

  expect({ seed, ...(await findDamage(at, kept)) }).toEqual({ seed, lost: [], torn: [] })
  await using verify = startProcess(posthaste, ['cache', 'verify', '--data', at.dataDir], {
    cwd: at.folder,
    env: { PATH: process.env.PATH, HOME: at.folder },
  })
  expect(await verify.exited).toEqual({ code: 0, signal: undefined })
  if (goMissing === undefined) {
    const client = await at.client(await at.serve(), { requires: treeRequires })
    expect(await client.run('mod', 'download')).toMatchObject({ code: 0 })
  }
}, 600_000)

/** Asks for random paths; what comes as a hit is known to be kept. Ends when the server is gone. */
async function askUntilGone(base: string, random: () => number, kept: Set<string>): Promise<void> {
  for (;;) {
    const path = paths[Math.floor(random() * paths.length)] ?? ''
    for (let time = 0; time < 2; time++) {
      const answer = await fetch(base + path)
        .then(async (response) => ({ response, bytes: Buffer.from(await response.arrayBuffer()) }))
        .catch(() => undefined)
      if (answer === undefined) return
      const hit = /;\s*hit\b/.test(answer.response.headers.get('cache-status') ?? '')
      if (answer.response.ok && hit && answer.bytes.equals(expected.get(path) ?? Buffer.alloc(0)))
        kept.add(path)
    }
  }
}

/** What is kept, as seen with no upstream. */
async function findDamage(at: Scene, kept: ReadonlySet<string>): Promise<{ lost: string[]; torn: string[] }> {
  const product = await at.serve({ args: ['--offline'], log: 'off' })
  const lost: string[] = []
  const torn: string[] = []
  for (const [path, bytes] of expected) {
    const response = await fetch(`${product.url}/go/${path}`)
    const body = Buffer.from(await response.arrayBuffer())
    if (response.ok && !body.equals(bytes)) torn.push(path)
    if (!response.ok && kept.has(path)) lost.push(path)
  }
  expect(kept.size).toBeGreaterThan(kills)
  await product.stop()
  return { lost, torn }
}

/** mulberry32: the same seed gives the same instants and paths. */
function randomNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
