import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Product, startProduct } from '../product.ts'
import { startProgram } from '../program.ts'
import { median } from '../statistics.ts'
import { type RegistryContent, startRegistryUpstream } from './registry-upstream.ts'
import { type BenchContext, type Finding, medianRatio, temporaryFolder } from './row.ts'

/** One way in which a client installs a made-up project. */
export interface ColdCase {
  readonly label: string
  /** Made for the address at which the far registry is reached. */
  readonly content: (origin: string) => RegistryContent
  readonly env: (origin: string) => Readonly<Record<string, string>>
  /** What the client's registry is set to. */
  readonly registry: {
    readonly direct: (origin: string) => string
    readonly through: (product: Product) => string
  }
  /** Round trips of which each can only begin when the one before is over, whoever fetches. */
  readonly chain: number
  /** Installs with nothing in any cache of the client, in an empty folder. Rejects when it fails. */
  readonly install: (registry: string, folder: string) => Promise<void>
  /** What is needed before the clock starts; its own folder is kept until the case is over. */
  readonly prepare?: (scene: PreparedScene) => Promise<void>
}

export interface PreparedScene {
  readonly folder: string
  /** The far registry, near. */
  readonly direct: string
  /** A Posthaste of its own in front of it. */
  readonly through: string
}

interface Round {
  readonly direct: number
  readonly cold: number
  readonly warm: number
  readonly directRequests: number
  readonly coldRequests: number
}

const ROUND_TRIP_MS = 200
/** The store is cold, not the program: whoever installs did not start the server in the same second. */
const SETTLE_MS = 3_000

/** Direct, through an empty Posthaste and through it again, each round in the opposite order. */
export async function measureCold(context: BenchContext, one: ColdCase): Promise<Finding> {
  await using prepared = await temporaryFolder()
  let content: RegistryContent = () => undefined
  await using upstream = startRegistryUpstream({
    port: context.upstreamPort,
    content: () => (path, accept) => content(path, accept),
  })
  const started = (env: Readonly<Record<string, string>>, dataDir: string) =>
    startProduct({
      dataDir,
      goUpstream: 'off',
      env,
      ...(context.program === undefined ? {} : { program: context.program }),
    })
  if (one.prepare !== undefined) {
    content = one.content(upstream.url)
    await using data = await temporaryFolder()
    await using product = await started(one.env(upstream.url), data.path)
    const direct = one.registry.direct(upstream.url)
    await one.prepare({ folder: prepared.path, direct, through: one.registry.through(product) })
  }
  await using relay = await startProgram({
    command: [
      process.execPath,
      join(import.meta.dirname, '..', 'relay.ts'),
      ...['--to', `${upstream.port}`, '--one-way-ms', `${ROUND_TRIP_MS / 2}`],
    ],
    readyLine: /^relay ready on 127\.0\.0\.1:(\d+)/m,
  })
  const origin = `http://127.0.0.1:${relay.ready}`
  content = one.content(origin)

  const install = async (registry: string) => {
    await using folder = await temporaryFolder()
    upstream.resetCounts()
    const began = performance.now()
    await one.install(registry, folder.path)
    const seconds = (performance.now() - began) / 1000
    return { seconds, requests: upstream.requests() }
  }
  const rounds: Round[] = []
  for (let at = 0; at < context.runs; at++) {
    const taken: Partial<Record<'direct' | 'cold' | 'warm', Awaited<ReturnType<typeof install>>>> = {}
    const parts = [
      async () => {
        taken.direct = await install(one.registry.direct(origin))
      },
      async () => {
        await using data = await temporaryFolder()
        await using product = await started(one.env(origin), data.path)
        await Bun.sleep(SETTLE_MS)
        taken.cold = await install(one.registry.through(product))
        taken.warm = await install(one.registry.through(product))
      },
    ]
    for (const part of at % 2 === 0 ? parts : parts.toReversed()) await part()
    const { direct, cold, warm } = taken
    if (!direct || !cold || !warm) throw new Error('a part of the round is missing')
    rounds.push({
      direct: direct.seconds,
      cold: cold.seconds,
      warm: warm.seconds,
      directRequests: direct.requests,
      coldRequests: cold.requests,
    })
    context.progress(
      `  ${one.label}, run ${at + 1} of ${context.runs}: direct ${direct.seconds.toFixed(2)} s (${direct.requests} requests), cold ${cold.seconds.toFixed(2)} s (${cold.requests}), warm ${warm.seconds.toFixed(2)} s (${warm.requests})`,
    )
  }
  return judge(one, rounds)
}

/** Allowed over the floor. */
const OVER_FLOOR = 1.1

/** The floor: what the client needs when everything is near, and the round trips that nobody can save. */
function judge({ label, chain }: ColdCase, rounds: readonly Round[]): Finding {
  const of = (key: keyof Round) => rounds.map((round) => round[key])
  const ratio = medianRatio(of('cold'), of('direct'))
  const floors = rounds.map(({ warm }) => warm + (chain * ROUND_TRIP_MS) / 1000)
  const overFloor = medianRatio(of('cold'), floors)
  const seconds = (key: 'direct' | 'cold' | 'warm') => `${median(of(key)).toFixed(1)} s`
  return {
    what: `${label}, cold, ${ROUND_TRIP_MS} ms round trip`,
    figure: `${ratio.toFixed(2)} × direct, ${overFloor.toFixed(2)} × the floor`,
    bar: `≤ 0.5 × direct, or ≤ ${OVER_FLOOR} × the floor`,
    holds: ratio <= 0.5 || overFloor <= OVER_FLOOR,
    detail: `${seconds('cold')}, direct ${seconds('direct')}, floor ${median(floors).toFixed(1)} s (warm ${seconds('warm')} and ${chain} round trips, one after the other); ${median(of('coldRequests'))} requests upstream, direct ${median(of('directRequests'))}`,
  }
}

export async function writeProject(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
}
