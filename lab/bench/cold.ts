import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeCertificate } from '../certificate.ts'
import { projects, provideClosure } from '../closure.ts'
import { startFakeGoproxy } from '../fake-goproxy.ts'
import { startStaticNginx } from '../nginx.ts'
import { type Product, startProduct } from '../product.ts'
import { startProgram } from '../program.ts'
import { type SignedDatabase, signedDatabase, sumsOfFolder } from '../signed-database.ts'
import { type DownloadScene, download } from './cold-download.ts'
import { type Download, judge, type Line, labelOf, type Round } from './cold-judge.ts'
import { type ColdPeer, coldPeers, programOf, startColdPeer } from './cold-peers.ts'
import { type BenchContext, type BenchRow, type Finding, temporaryFolder } from './row.ts'

const DATABASE = 'sumdb.example'
/** The store is cold, not the program: whoever builds did not start the server in the same second. */
const SETTLE_MS = 3_000

export const cold: BenchRow = {
  name: 'cold',
  title: 'cold builds: direct over TLS and HTTP/2, through Posthaste cold, and warm',
  async run(context) {
    const files = await provideClosure(context.progress)
    await using folder = await temporaryFolder()
    await using nginxFolder = await temporaryFolder()
    const certificate = await makeCertificate()
    const caFile = join(folder.path, 'ca.pem')
    await writeFile(caFile, certificate.ca)
    const database = signedDatabase(sumsOfFolder(files), { name: DATABASE })
    await recordAll(database, files)
    await using sumdb = await startFakeGoproxy({ files: database.files })
    await using upstream = await startStaticNginx(nginxFolder.path, files, certificate, sumdb.port)
    const rounds = Number(context.extra.runs ?? (context.quick ? 1 : 3))
    const peers = coldPeers.filter((peer) => programOf(peer) !== undefined)
    for (const peer of coldPeers)
      if (!peers.includes(peer)) context.progress(`  ${peer} is not installed and left out`)
    const findings: Finding[] = []
    for (const line of linesOf(context)) {
      await using relay = await startProgram({
        command: [
          process.execPath,
          join(import.meta.dirname, '..', 'relay.ts'),
          ...['--to', `${upstream.port}`, '--one-way-ms', `${line.roundTripMs / 2}`],
        ],
        readyLine: /^relay ready on 127\.0\.0\.1:(\d+)/m,
      })
      const measured: Round[] = []
      for (let round = 0; round < rounds; round++) {
        const scene = {
          context,
          line,
          upstream,
          gosumdb: database.gosumdb,
          origin: `https://127.0.0.1:${relay.ready}`,
          caFile,
        }
        const taken = await takeRound(scene, peers, round % 2 === 1)
        measured.push(taken)
        context.progress(`  ${labelOf(line)}, run ${round + 1} of ${rounds}: ${inSeconds(taken)}`)
      }
      findings.push(...judge(line, measured))
    }
    return findings
  },
}

/** A public database has had these records for long: its tree does not grow under a build that asks for them. */
async function recordAll(database: SignedDatabase, files: string): Promise<void> {
  for (const file of await readdir(files, { recursive: true })) {
    const [, path, version] = /^(.+)\/@v\/(v.+)\.mod$/.exec(file) ?? []
    if (path === undefined || version === undefined) continue
    const lookup = `sumdb/${DATABASE}/lookup/${path}@${version}`
    if ((await database.files(lookup)) === undefined) throw new Error(`the lab's database has no ${lookup}`)
  }
}

function linesOf(context: BenchContext): readonly Line[] {
  const numbers = (given: string | undefined, usual: readonly number[]) =>
    given?.split(',').map(Number) ?? usual
  const roundTrips = numbers(context.extra.rtt, context.quick ? [200] : [0, 50, 200])
  const processors = numbers(context.extra.gomaxprocs, context.quick ? [2] : [2, 8])
  const wanted = projects.filter(
    (name) => context.extra.project === undefined || context.extra.project === name,
  )
  const chosen = context.quick && context.extra.project === undefined ? projects.slice(0, 1) : wanted
  return chosen.flatMap((project) =>
    roundTrips.flatMap((roundTripMs) =>
      processors.map((count) => ({ project, roundTripMs, processors: count })),
    ),
  )
}

interface Scene extends DownloadScene {
  readonly context: BenchContext
  readonly gosumdb: string
  /** The upstream behind the relay. */
  readonly origin: string
}

/** Everything once; `backwards` so that a machine that gets slower favours nobody. */
async function takeRound(scene: Scene, peers: readonly ColdPeer[], backwards: boolean): Promise<Round> {
  const others: Partial<Record<ColdPeer, Download>> = {}
  const taken: Partial<Round> = { peers: others }
  const parts: readonly (() => Promise<void>)[] = [
    async () => void Object.assign(taken, await direct(scene)),
    async () => void Object.assign(taken, await through(scene)),
    async () => void Object.assign(taken, await proved(scene)),
    ...peers.map((peer) => async () => {
      await using running = await startColdPeer(peer, scene)
      others[peer] = await download(scene, running.goproxy)
    }),
  ]
  for (const part of backwards ? parts.toReversed() : parts) await part()
  const { direct: d, cold: c, warm: w, proved: p } = taken
  if (!d || !c || !w || !p) throw new Error('a part of the round is missing')
  return { direct: d, cold: c, warm: w, proved: p, peers: others }
}

function inSeconds({ direct, cold, warm, proved, peers }: Round): string {
  const all = { direct, cold, warm, 'cold with proof': proved, ...peers }
  return Object.entries(all)
    .map(([name, { seconds }]) => `${name} ${seconds.toFixed(1)} s`)
    .join(', ')
}

async function direct(scene: Scene): Promise<Partial<Round>> {
  return { direct: await download(scene, scene.origin) }
}

async function through(scene: Scene): Promise<Partial<Round>> {
  await using data = await temporaryFolder()
  await using product = await startBehindRelay(scene, data.path, 'off')
  return { cold: await download(scene, product.goproxy), warm: await download(scene, product.goproxy) }
}

async function proved(scene: Scene): Promise<Partial<Round>> {
  await using data = await temporaryFolder()
  await using product = await startBehindRelay(scene, data.path, scene.gosumdb)
  return { proved: await download(scene, product.goproxy) }
}

async function startBehindRelay(scene: Scene, dataDir: string, goSumdb: string): Promise<Product> {
  const product = await startProduct({
    dataDir,
    goUpstream: scene.origin,
    goSumdb,
    env: { SSL_CERT_FILE: scene.caFile },
    ...(scene.context.program === undefined ? {} : { program: scene.context.program }),
  })
  await Bun.sleep(SETTLE_MS)
  return product
}
