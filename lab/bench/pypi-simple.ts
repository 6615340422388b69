import { startNginxCache } from '../nginx.ts'
import { type RunningRegistry, startRegistryPeer } from '../peers.ts'
import { startProduct } from '../product.ts'
import { median } from '../statistics.ts'
import { makeProjectPage, type ProjectPage, SIMPLE_HTML, SIMPLE_JSON } from './pypi-page-maker.ts'
import { fastRate, fetchBody, type RequestHeaders, slowRate } from './registry-rate.ts'
import { type RegistryBody, type RegistryContent, startRegistryUpstream } from './registry-upstream.ts'
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

const PROJECT = 'large'
/** With so many the page has 1.1 MB. */
const FILES = 2_050

const asPip = `${SIMPLE_JSON}, ${SIMPLE_HTML}; q=0.1, text/html; q=0.01`
const wishes: Readonly<Record<string, RequestHeaders>> = {
  'with gzip': { accept: asPip, 'accept-encoding': 'gzip' },
  'without gzip': { accept: asPip },
}

/** Times the rate of each peer that must be reached. */
const bars = { devpi: 200, proxpi: 20, nginx: 1 } as const

export const pypiSimple: BenchRow = {
  name: 'pypi-simple',
  title: 'a warm simple page of 1.1 MB, against devpi, proxpi and an nginx proxy_cache hit',
  async run(context) {
    await using folder = await temporaryFolder()
    await using nginxFolder = await temporaryFolder()
    await using devpiFolder = await temporaryFolder()
    await using proxpiFolder = await temporaryFolder()
    let page: ProjectPage | undefined
    await using upstream = startRegistryUpstream({
      port: context.upstreamPort,
      content: (url) => {
        page = makeProjectPage(PROJECT, FILES, url)
        return pageContent(page)
      },
    })
    const peerOptions = {
      upstream: upstream.url,
      keepFolder: context.keepFolder,
      progress: context.progress,
    }
    await using nginx = await startNginxCache(nginxFolder.path, upstream.port)
    await using devpi = await startRegistryPeer('devpi', { ...peerOptions, folder: devpiFolder.path })
    await using proxpi = await startRegistryPeer('proxpi', { ...peerOptions, folder: proxpiFolder.path })
    await using product = await startProduct({
      dataDir: folder.path,
      goUpstream: 'off',
      env: { POSTHASTE_PYPI_UPSTREAM: `${upstream.url}/simple`, POSTHASTE_PYPI_TTL_METADATA_MS: '1d' },
      ...(context.program === undefined ? {} : { program: context.program }),
    })
    const places = {
      nginx: `${nginx.url}/simple/${PROJECT}/`,
      posthaste: `${product.url}/pypi/simple/${PROJECT}/`,
      ...placeOf(devpi),
      ...placeOf(proxpi),
    }
    const findings: Finding[] = []
    for (const [wish, headers] of Object.entries(wishes)) {
      findings.push(...(await compare({ context, wish, headers, places, folder: folder.path })))
    }
    const peak = await product.rssBytes('peak')
    findings.push({
      what: 'RSS after the simple page',
      figure: megabytes(peak),
      bar: '',
      holds: undefined,
      detail: `the most there was, of a page of ${page?.files} files and ${megabytes(page?.json.length ?? 0)}`,
    })
    return findings
  },
}

type Side = 'nginx' | 'posthaste' | 'devpi' | 'proxpi'
type Places = Readonly<Partial<Record<Side, string>> & Record<'nginx' | 'posthaste', string>>

function placeOf(peer: RunningRegistry | undefined): Partial<Record<Side, string>> {
  if (peer === undefined || peer.name === 'verdaccio') return {}
  return { [peer.name]: `${peer.url}/${PROJECT}/` }
}

/** An index with one project, in the form that is asked for. */
function pageContent(page: ProjectPage): RegistryContent {
  const projects: RegistryBody = {
    mediaType: SIMPLE_JSON,
    bytes: Buffer.from(
      JSON.stringify({ meta: { 'api-version': '1.1' }, projects: [{ name: page.project }] }),
    ),
    compresses: true,
  }
  const projectsHtml: RegistryBody = {
    mediaType: 'text/html; charset=utf-8',
    bytes: Buffer.from(
      `<!DOCTYPE html><html><body><a href="/simple/${page.project}/">${page.project}</a></body></html>`,
    ),
    compresses: true,
  }
  const json: RegistryBody = { mediaType: SIMPLE_JSON, bytes: page.json, compresses: true }
  const html: RegistryBody = { mediaType: 'text/html; charset=utf-8', bytes: page.html, compresses: true }
  return (path, accept) => {
    const takesJson = accept.includes(SIMPLE_JSON)
    if (path === 'simple/') return takesJson ? projects : projectsHtml
    if (path === `simple/${page.project}/`) return takesJson ? json : html
    return undefined
  }
}

interface Case {
  readonly context: BenchContext
  readonly wish: string
  readonly headers: RequestHeaders
  readonly places: Places
  readonly folder: string
}

async function compare({ context, wish, headers, places, folder }: Case): Promise<Finding[]> {
  const seconds = context.quick ? 1 : 3
  for (const [side, place] of Object.entries(places)) await mustServe(side, place, headers)
  context.progress(`simple page ${wish}, requests per second`)
  const measures = Object.fromEntries(
    Object.entries(places).map(([side, place]) => [
      side,
      side === 'nginx' || side === 'posthaste'
        ? () => fastRate(place, headers, { seconds, folder })
        : () => slowRate(place, headers, { seconds }),
    ]),
  )
  const rates = await alternate(context.runs, measures, context.progress)
  const own = rates.posthaste ?? []
  return (['devpi', 'proxpi', 'nginx'] as const).map((side) => {
    const theirs = rates[side]
    const what = `warm simple page of 1.1 MB, ${wish}`
    if (theirs === undefined) {
      return { what, figure: `no ${side} here`, bar: '', holds: undefined, detail: 'it cannot be installed' }
    }
    const ratio = medianRatio(own, theirs)
    return {
      what,
      figure: `${side === 'nginx' ? ratio.toFixed(2) : short(ratio)} × ${side}`,
      bar: `≥ ${side === 'nginx' ? '1.0' : bars[side]} × ${side}`,
      holds: ratio >= bars[side],
      detail: `${short(median(own))}/s, ${side} ${short(median(theirs))}/s`,
    }
  })
}

/** Twice, so that the second is a hit, and every file must be listed: a wrong body is no figure. */
async function mustServe(side: string, place: string, headers: RequestHeaders): Promise<void> {
  await fetchBody(place, headers)
  const { status, bytes } = await fetchBody(place, headers)
  const text = bytes.toString()
  const listed = text.startsWith('{') ? JSON.parse(text).files?.length : text.split('<a ').length - 1
  if (status !== 200 || listed !== FILES) {
    throw new Error(`${side} answers ${status} and lists ${listed} files at ${place}: ${text.slice(0, 200)}`)
  }
}
