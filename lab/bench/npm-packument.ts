import { startNginxCache } from '../nginx.ts'
import { startRegistryPeer } from '../peers.ts'
import { startProduct } from '../product.ts'
import { median } from '../statistics.ts'
import { makePackument, type Packument, type PackumentSpec } from './npm-packument-maker.ts'
import { fastRate, fetchBody, isBound, type RequestHeaders, slowRate } from './registry-rate.ts'
import { type RegistryContent, startRegistryUpstream } from './registry-upstream.ts'
import {
  alternate,
  type BenchContext,
  type BenchRow,
  type Finding,
  medianRatio,
  megabytes,
  short,
  temporaryFolder,
} from './row.ts'

const ABBREVIATED = 'application/vnd.npm.install-v1+json'
const MAX_RSS_BYTES = 250e6

/** As large as those of express, typescript and next. */
const specs: readonly PackumentSpec[] = [
  { name: 'small', versions: 287, sizeBytes: 700_000 },
  { name: 'medium', versions: 3_700, sizeBytes: 21_000_000 },
  { name: 'large', versions: 3_900, sizeBytes: 42_000_000 },
]

const forms = {
  full: { accept: 'application/json', 'accept-encoding': 'gzip' },
  abbreviated: {
    accept: `${ABBREVIATED}; q=1.0, application/json; q=0.8, */*`,
    'accept-encoding': 'gzip',
  },
} as const satisfies Record<string, RequestHeaders>

export const npmPackument: BenchRow = {
  name: 'npm-packument',
  title:
    'warm packuments of 0.7, 21 and 42 MB, full and abbreviated, against Verdaccio and an nginx proxy_cache hit',
  async run(context) {
    await using folder = await temporaryFolder()
    await using nginxFolder = await temporaryFolder()
    await using peerFolder = await temporaryFolder()
    const packuments: Packument[] = []
    await using upstream = startRegistryUpstream({
      port: context.upstreamPort,
      content: (url) => {
        packuments.push(...specs.map((spec) => makePackument(spec, url)))
        return packumentContent(packuments)
      },
    })
    await using nginx = await startNginxCache(nginxFolder.path, upstream.port)
    await using verdaccio = await startRegistryPeer('verdaccio', {
      upstream: upstream.url,
      folder: peerFolder.path,
      keepFolder: context.keepFolder,
      progress: context.progress,
    })
    await using product = await startProduct({
      dataDir: folder.path,
      goUpstream: 'off',
      env: { POSTHASTE_NPM_UPSTREAM: upstream.url, POSTHASTE_NPM_TTL_METADATA_MS: '1d' },
      ...(context.program === undefined ? {} : { program: context.program }),
    })
    const findings: Finding[] = []
    for (const { name, full } of packuments) {
      for (const form of ['full', 'abbreviated'] as const) {
        const places = {
          nginx: `${nginx.url}/${name}`,
          posthaste: `${product.url}/npm/${name}`,
          ...(verdaccio === undefined ? {} : { verdaccio: `${verdaccio.url}/${name}` }),
        }
        const label = `packument of ${Number((full.length / 1e6).toPrecision(2))} MB, ${form}`
        findings.push(
          ...(await compare({ context, label, headers: forms[form], places, folder: folder.path })),
        )
      }
    }
    const [now, peak] = [await product.rssBytes(), await product.rssBytes('peak')]
    findings.push({
      what: 'RSS after all packuments',
      figure: `${megabytes(now)}, at most ${megabytes(peak)}`,
      bar: '< 250 MB',
      holds: Math.max(now, peak) < MAX_RSS_BYTES,
      detail: `${verdaccio === undefined ? '' : `Verdaccio ${megabytes(await verdaccio.rssBytes())}`}`,
    })
    return findings
  },
}

/** A registry's packuments, in the form that is asked for. */
export function packumentContent(packuments: readonly Packument[]): RegistryContent {
  const byName = new Map(packuments.map((packument) => [packument.name, packument]))
  return (path, accept) => {
    const packument = byName.get(path)
    if (packument === undefined) return undefined
    const wantsAbbreviated = accept.includes(ABBREVIATED)
    return {
      mediaType: wantsAbbreviated ? ABBREVIATED : 'application/json',
      bytes: wantsAbbreviated ? packument.abbreviated : packument.full,
      compresses: true,
    }
  }
}

type Side = 'nginx' | 'posthaste' | 'verdaccio'

interface Case {
  readonly context: BenchContext
  readonly label: string
  readonly headers: RequestHeaders
  readonly places: Readonly<Partial<Record<Side, string>> & Record<'nginx' | 'posthaste', string>>
  /** For the scripts of wrk. */
  readonly folder: string
}

async function compare({ context, label, headers, places, folder }: Case): Promise<Finding[]> {
  const seconds = context.quick ? 1 : 3
  const etags = await mustAgree(places, headers)
  const conditional = (side: 'nginx' | 'posthaste') => ({ ...headers, 'if-none-match': etags[side] ?? '' })
  const fast = (side: 'nginx' | 'posthaste', more: RequestHeaders) => () =>
    fastRate(places[side], more, { seconds, folder })
  const { verdaccio } = places
  context.progress(`${label}, requests per second`)
  const rates = await alternate<Side>(
    context.runs,
    {
      nginx: fast('nginx', headers),
      posthaste: fast('posthaste', headers),
      verdaccio:
        verdaccio === undefined ? async () => Number.NaN : () => slowRate(verdaccio, headers, { seconds }),
    },
    context.progress,
  )
  context.progress(`${label}, 304, answers per second`)
  const unchanged = await alternate(
    context.runs,
    { nginx: fast('nginx', conditional('nginx')), posthaste: fast('posthaste', conditional('posthaste')) },
    context.progress,
  )
  const ratio = medianRatio(rates.posthaste, rates.verdaccio)
  const unchangedRatio = medianRatio(unchanged.posthaste, unchanged.nginx)
  const middle = (values: readonly number[]) => `${short(median(values))}/s`
  const beside = `nginx ${middle(rates.nginx)} (${medianRatio(rates.posthaste, rates.nginx).toFixed(2)} ×)`
  const bound = isBound(median(rates.verdaccio)) ? 'below ' : ''
  return [
    {
      what: `warm ${label}`,
      figure:
        verdaccio === undefined ? 'no Verdaccio here' : `${bound ? '> ' : ''}${short(ratio)} × Verdaccio`,
      bar: verdaccio === undefined ? '' : '≥ 100 × Verdaccio',
      holds: verdaccio === undefined ? undefined : ratio >= 100,
      detail: `${middle(rates.posthaste)}${verdaccio === undefined ? '' : `, Verdaccio ${bound}${middle(rates.verdaccio)}`}, ${beside}`,
    },
    {
      what: `304 for the ${label}`,
      figure: `${unchangedRatio.toFixed(2)} × nginx`,
      bar: '≥ 0.9 × nginx',
      holds: unchangedRatio >= 0.9,
      detail: `${middle(unchanged.posthaste)}, nginx ${middle(unchanged.nginx)}`,
    },
  ]
}

/** Each side gives the same versions; a wrong body is no figure. Gives the sides' ETags. */
async function mustAgree(
  places: Case['places'],
  headers: RequestHeaders,
): Promise<Partial<Record<Side, string>>> {
  const etags: Partial<Record<Side, string>> = {}
  let expected: string | undefined
  for (const side of ['nginx', 'posthaste', 'verdaccio'] as const) {
    const place = places[side]
    if (place === undefined) continue
    // Twice, so that the second is a hit.
    await fetchBody(place, headers)
    const answer = await fetchBody(place, headers)
    const found = answer.status === 200 ? versionsIn(answer.bytes) : `status ${answer.status}`
    expected ??= found
    if (found !== expected) throw new Error(`${side} gives ${found} instead of ${expected} at ${place}`)
    if (answer.headers.etag !== undefined) etags[side] = answer.headers.etag
  }
  return etags
}

function versionsIn(bytes: Buffer): string {
  const packument: { versions?: object } = JSON.parse(bytes.toString())
  const versions = Object.keys(packument.versions ?? {})
  return `${versions.length} versions, the last ${versions.at(-1)}`
}
