import type { Project } from '../closure.ts'
import type { LoggedRequest } from '../nginx.ts'
import { median } from '../statistics.ts'
import type { ColdPeer } from './cold-peers.ts'
import { type Finding, megabytes } from './row.ts'

/** One `go mod download` into an empty module cache, and what it cost the upstream. */
export interface Download {
  readonly seconds: number
  readonly requests: readonly LoggedRequest[]
}

export interface Round {
  readonly direct: Download
  readonly cold: Download
  readonly warm: Download
  /** Cold again, each file proved against a signed checksum database behind the same relay. */
  readonly proved: Download
  /** Through other proxies, cold; those that this machine has. */
  readonly peers: Readonly<Partial<Record<ColdPeer, Download>>>
}

export interface Line {
  readonly project: Project
  readonly roundTripMs: number
  readonly processors: number
}

/** Allowed over the warm time at 200 ms, in seconds. */
const allowance: Readonly<Record<Project, number>> = { gin: 3, service: 6 }

export const labelOf = (line: Line) =>
  `${line.project}, ${line.roundTripMs} ms, GOMAXPROCS=${line.processors}`

/** Medians over rounds of one line, each with its bar. */
export function judge(line: Line, rounds: readonly Round[]): Finding[] {
  const seconds = (side: Side) => median(rounds.map((round) => round[side].seconds))
  const bytes = (side: Side) => median(rounds.map((round) => sum(round[side].requests)))
  const times = (a: Side, b: Side) => median(rounds.map((round) => round[a].seconds / round[b].seconds))
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
    ...peersOf(rounds).map((peer) => peerFinding(line, peer, rounds)),
  ]
}

type Side = Exclude<keyof Round, 'peers'>

const peersOf = (rounds: readonly Round[]) => Object.keys(rounds[0]?.peers ?? {}) as ColdPeer[]

function peerFinding(line: Line, peer: ColdPeer, rounds: readonly Round[]): Finding {
  const pairs = rounds.flatMap(({ peers, direct, cold }) => {
    const through = peers[peer]
    return through === undefined ? [] : [{ through, direct, cold }]
  })
  const toCold = median(pairs.map(({ through, cold }) => through.seconds / cold.seconds))
  const toDirect = median(pairs.map(({ through, direct }) => through.seconds / direct.seconds))
  const seconds = median(pairs.map(({ through }) => through.seconds))
  return {
    what: `${labelOf(line)}, ${peer} cold`,
    figure: `${toDirect.toFixed(2)} × direct`,
    bar: '',
    holds: undefined,
    detail: `${seconds.toFixed(1)} s, ${toCold.toFixed(2)} × Posthaste cold`,
  }
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
