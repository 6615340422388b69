import { type Catalogue, type EcosystemName, standingOf } from '../mirrors/catalogue.ts'
import type { Place, Ranking } from '../mirrors/rank.ts'
import type { Applied } from './mirrors-apply.ts'

export interface MirrorsReport {
  readonly catalogue: Catalogue
  readonly place: Place
  readonly ranking: Ranking
  readonly measuredAtMs: number
  readonly applied: Applied | undefined
}

/** What `--json` prints for one ecosystem; times in milliseconds, null where something was not measured. */
export function mirrorsJson({ catalogue, place, ranking, measuredAtMs, applied }: MirrorsReport) {
  const { ecosystem, reference } = catalogue
  return {
    ecosystem,
    measuredAt: new Date(measuredAtMs).toISOString(),
    region: place.region,
    isp: place.isp ?? null,
    reference,
    ranked: ranking.ranked.map(({ measurement, prediction, freshness, tier }) => ({
      ...described(measurement),
      tier,
      predictedMs: prediction.totalMs,
      prediction,
      reach: measurement.reach ?? null,
      proxied: measurement.proxied,
      smallPerSecond: measurement.rounds.map(({ smallPerSecond }) => smallPerSecond ?? null),
      range: measurement.range,
      sumdb: measurement.sumdb,
      fileHost: measurement.fileHost ?? null,
      compared: freshness.compared,
      lags: freshness.lags.map(({ canary, lacks }) => ({ canary, lacks: lacks ?? null })),
      requests: measurement.requests,
      errors: measurement.errors,
      bytes: measurement.bytes,
    })),
    rejected: ranking.rejected.map(({ measurement, reason }) => ({
      ...described(measurement),
      code: reason.code,
      reason: reason.message,
    })),
    retired: catalogue.mirrors.flatMap((entry) =>
      standingOf(entry, measuredAtMs) === 'retired'
        ? [{ id: entry.id, replacedBy: entry.replacedBy ?? null }]
        : [],
    ),
    advice: ranking.advice,
    applied: applied ?? null,
  }
}

function described({ candidate, address }: Ranking['ranked'][number]['measurement']) {
  const { id, role, region, isp, inUse, standing, entry } = candidate
  return {
    id,
    address: address ?? null,
    role,
    region,
    isp: isp ?? null,
    inUse: inUse ?? null,
    standing: standing ?? null,
    lastVerified: entry?.lastVerified ?? null,
  }
}

/** What a person copies to use a mirror for a client that this program does not serve yet. */
export function toCopy(ecosystem: EcosystemName, address: string): string {
  switch (ecosystem) {
    case 'go':
      return `go env -w GOPROXY="${address}|direct"`
    case 'npm':
      return `npm config set registry ${address}/`
    case 'pypi':
      return `pip config set global.index-url ${address}`
    case 'cargo':
      return `in ~/.cargo/config.toml:\n    [source.mirror]\n    registry = "sparse+${address}/"\n    [source.crates-io]\n    replace-with = "mirror"`
    case 'maven':
      return `in ~/.m2/settings.xml: <mirror><id>mirror</id><mirrorOf>central</mirrorOf><url>${address}</url></mirror>`
  }
}
