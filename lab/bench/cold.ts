import { execFile } from 'node:child_process'
import { cp, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { makeCertificate } from '../certificate.ts'
import { type Project, projectFolder, projects, provideClosure } from '../closure.ts'
import { startFakeGoproxy } from '../fake-goproxy.ts'
import { type LoggedRequest, type StaticNginx, startStaticNginx } from '../nginx.ts'
import { type Product, startProduct } from '../product.ts'
import { startProgram } from '../program.ts'
import { signedDatabase, sumsOfFolder } from '../signed-database.ts'
import { median } from '../statistics.ts'
import { type BenchContext, type BenchRow, type Finding, megabytes, temporaryFolder } from './row.ts'

/** One `go mod download` into an empty module cache, and what it cost the upstream. */
interface Download {
  readonly seconds: number
  readonly requests: readonly LoggedRequest[]
}

interface Round {
  readonly direct: Download
  readonly cold: Download
  readonly warm: Download
  /** Cold again, each file proved against a signed checksum database behind the same relay. */
  readonly proved: Download
}

interface Line {
  readonly project: Project
  readonly roundTripMs: number
  readonly processors: number
}

/** Allowed over the warm time at 200 ms, in seconds. */
const allowance: Readonly<Record<Project, number>> = { gin: 3, service: 6 }

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
    const database = signedDatabase(sumsOfFolder(files))
    await using sumdb = await startFakeGoproxy({ files: database.files })
    await using upstream = await startStaticNginx(nginxFolder.path, files, certificate, sumdb.port)
    const rounds = Number(context.extra.runs ?? (context.quick ? 1 : 3))
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
          folder: folder.path,
        }
        const parts = round % 2 === 0 ? [direct, through, proved] : [proved, through, direct]
        const taken: Partial<Round> = {}
        for (const part of parts) Object.assign(taken, await part(scene))
        const { direct: d, cold: c, warm: w, proved: p } = taken
        if (!d || !c || !w || !p) throw new Error('a part of the round is missing')
        measured.push({ direct: d, cold: c, warm: w, proved: p })
        context.progress(
          `  ${labelOf(line)}, run ${round + 1} of ${rounds}: direct ${d.seconds.toFixed(1)} s, cold ${c.seconds.toFixed(1)} s, warm ${w.seconds.toFixed(1)} s, cold with proof ${p.seconds.toFixed(1)} s`,
        )
      }
      findings.push(...judge(line, measured))
    }
    return findings
  },
}

function linesOf(context: BenchContext): readonly Line[] {
  const numbers = (given: string | undefined, usual: readonly number[]) =>
    given?.split(',').map(Number) ?? usual
  const roundTrips = numbers(context.extra.rtt, context.quick ? [50] : [0, 50, 200])
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

const labelOf = (line: Line) => `${line.project}, ${line.roundTripMs} ms, GOMAXPROCS=${line.processors}`

interface Scene {
  readonly context: BenchContext
  readonly line: Line
  readonly upstream: StaticNginx
  readonly gosumdb: string
  /** The upstream behind the relay. */
  readonly origin: string
  readonly caFile: string
  readonly folder: string
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

function startBehindRelay(scene: Scene, dataDir: string, goSumdb: string): Promise<Product> {
  return startProduct({
    dataDir,
    goUpstream: scene.origin,
    goSumdb,
    env: { SSL_CERT_FILE: scene.caFile },
    ...(scene.context.program === undefined ? {} : { program: scene.context.program }),
  })
}

async function download(scene: Scene, goproxy: string): Promise<Download> {
  const folder = join(scene.folder, `build-${crypto.randomUUID()}`)
  const moduleCache = join(folder, 'gomodcache')
  await cp(projectFolder(scene.line.project), join(folder, 'project'), { recursive: true })
  await mkdir(moduleCache)
  await scene.upstream.takeLog()
  const began = performance.now()
  try {
    await promisify(execFile)('go', ['mod', 'download'], {
      cwd: join(folder, 'project'),
      timeout: 300_000,
      maxBuffer: 64e6,
      env: {
        ...process.env,
        GOMODCACHE: moduleCache,
        GOPROXY: goproxy,
        GONOSUMDB: '*',
        GOPRIVATE: '',
        GOFLAGS: '-mod=mod -modcacherw',
        GOTOOLCHAIN: 'local',
        GOWORK: 'off',
        GOMAXPROCS: `${scene.line.processors}`,
        SSL_CERT_FILE: scene.caFile,
      },
    })
    const seconds = (performance.now() - began) / 1000
    return { seconds, requests: await settledLog(scene.upstream) }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** What was fetched ahead and is still under way when the build ends belongs to its cost. */
async function settledLog(upstream: StaticNginx): Promise<readonly LoggedRequest[]> {
  const requests: LoggedRequest[] = []
  for (let quietTurns = 0; quietTurns < 3; ) {
    const more = await upstream.takeLog()
    quietTurns = more.length === 0 ? quietTurns + 1 : 0
    requests.push(...more)
    await Bun.sleep(300)
  }
  return requests
}

function judge(line: Line, rounds: readonly Round[]): Finding[] {
  const seconds = (side: keyof Round) => median(rounds.map((round) => round[side].seconds))
  const bytes = (side: keyof Round) => median(rounds.map((round) => sum(round[side].requests)))
  const times = (a: keyof Round, b: keyof Round) =>
    median(rounds.map((round) => round[a].seconds / round[b].seconds))
  const ratio = times('cold', 'direct')
  const proofRatio = times('proved', 'cold')
  const requests = median(rounds.map((round) => round.cold.requests.length / round.direct.requests.length))
  const proofs = median(
    rounds.map((round) => round.proved.requests.filter(({ path }) => path.startsWith('sumdb/')).length),
  )
  const wasted = median(rounds.map(wastedShare))
  const { bar, limit } = barOf(line)
  const withinWarm = line.roundTripMs !== 200 || seconds('cold') <= seconds('warm') + allowance[line.project]
  return [
    {
      what: labelOf(line),
      figure: `cold ${ratio.toFixed(2)} × direct`,
      bar: `${bar}; requests ≤ 2 ×, unused bytes ≤ 5 %`,
      holds: ratio <= limit && withinWarm && requests <= 2 && wasted <= 0.05,
      detail: `direct ${seconds('direct').toFixed(1)} s, cold ${seconds('cold').toFixed(1)} s, warm ${seconds('warm').toFixed(1)} s; upstream requests ${requests.toFixed(2)} × direct (${median(rounds.map((round) => round.direct.requests.length))}), bytes ${(bytes('cold') / bytes('direct')).toFixed(2)} × (${megabytes(bytes('direct'))}), unused ${(wasted * 100).toFixed(1)} %`,
    },
    {
      what: `${labelOf(line)}, with proof`,
      figure: `${proofRatio.toFixed(2)} × without`,
      bar: '≤ 1.2 ×',
      holds: proofRatio <= 1.2,
      detail: `${seconds('proved').toFixed(1)} s, ${proofs} proof requests`,
    },
  ]
}

function barOf(line: Line): { bar: string; limit: number } {
  if (line.roundTripMs >= 200) {
    const limit = line.processors > 2 ? 1 / 3 : 1 / 4
    return {
      bar: `≤ ${line.processors > 2 ? '⅓' : '¼'} of direct and ≤ warm + ${allowance[line.project]} s`,
      limit,
    }
  }
  return line.roundTripMs >= 50 ? { bar: '≤ 1.0 × direct', limit: 1 } : { bar: '≤ 1.5 × direct', limit: 1.5 }
}

/** Bytes of what the build itself would not have fetched, as a share of what it would. */
function wastedShare(round: Round): number {
  const used = new Set(round.direct.requests.map(({ path }) => unescaped(path)))
  const unused = round.cold.requests.filter(({ path }) => !used.has(unescaped(path)))
  return sum(unused) / sum(round.direct.requests)
}

const unescaped = (path: string) => decodeURIComponent(path)
const sum = (requests: readonly LoggedRequest[]) => requests.reduce((total, { bytes }) => total + bytes, 0)
