import { createHash } from 'node:crypto'
import { startNginxCache } from '../nginx.ts'
import { startProduct } from '../product.ts'
import { median } from '../statistics.ts'
import { noise } from '../synthetic-modules.ts'
import { wrk } from '../wrk.ts'
import { writeZip } from '../zip-writer.ts'
import { SIMPLE_JSON } from './pypi-page-maker.ts'
import { fetchBody } from './registry-rate.ts'
import { type RegistryBody, startRegistryUpstream } from './registry-upstream.ts'
import {
  alternate,
  type BenchRow,
  type Finding,
  medianRatio,
  megabytes,
  short,
  temporaryFolder,
} from './row.ts'

/** Most tarballs have some ten kilobytes, most compiled wheels some megabytes. */
const sizes = [
  { label: '10 kB', bytes: 10_000 },
  { label: '300 kB', bytes: 300_000 },
  { label: '5 MB', bytes: 5_000_000 },
] as const

interface ServedFile {
  readonly label: string
  readonly bytes: Uint8Array
  /** Below the upstream and below the product. */
  readonly at: { readonly upstream: string; readonly product: string }
}

export const registryFiles: BenchRow = {
  name: 'registry-files',
  title: 'warm tarballs and wheels against an nginx proxy_cache hit',
  async run(context) {
    await using folder = await temporaryFolder()
    await using nginxFolder = await temporaryFolder()
    const files: ServedFile[] = []
    await using upstream = startRegistryUpstream({
      port: context.upstreamPort,
      content: (url) => {
        const bodies = new Map<string, RegistryBody>()
        sizes.forEach((size, at) => {
          files.push(addTarball(bodies, url, `tarball${at}`, size), addWheel(bodies, `wheel${at}`, size))
        })
        return (path) => bodies.get(path)
      },
    })
    await using nginx = await startNginxCache(nginxFolder.path, upstream.port)
    await using product = await startProduct({
      dataDir: folder.path,
      goUpstream: 'off',
      env: { POSTHASTE_NPM_UPSTREAM: upstream.url, POSTHASTE_PYPI_UPSTREAM: `${upstream.url}/simple` },
      ...(context.program === undefined ? {} : { program: context.program }),
    })
    const findings: Finding[] = []
    for (const { label, bytes, at } of files) {
      const places = { nginx: `${nginx.url}/${at.upstream}`, posthaste: `${product.url}/${at.product}` }
      for (const [side, place] of Object.entries(places)) await mustServe(side, place, bytes)
      context.progress(`${label}, requests per second`)
      const rateOf = (place: string) => async () =>
        (await wrk(place, { seconds: context.quick ? 1 : 3 })).requestsPerSecond
      const rates = await alternate(
        context.runs,
        { nginx: rateOf(places.nginx), posthaste: rateOf(places.posthaste) },
        context.progress,
      )
      const ratio = medianRatio(rates.posthaste, rates.nginx)
      findings.push({
        what: `warm ${label}`,
        figure: `${ratio.toFixed(2)} × nginx`,
        bar: '≥ 1.0 × nginx',
        holds: ratio >= 1,
        detail: `${short(median(rates.posthaste))}/s, nginx ${short(median(rates.nginx))}/s, RSS ${megabytes(await product.rssBytes())}`,
      })
    }
    return findings
  },
}

type Size = (typeof sizes)[number]

function addTarball(bodies: Map<string, RegistryBody>, url: string, name: string, size: Size): ServedFile {
  const bytes = noise(name, size.bytes)
  const place = `${name}/-/${name}-1.0.0.tgz`
  const integrity = `sha512-${createHash('sha512').update(bytes).digest('base64')}`
  const versions = { '1.0.0': { name, version: '1.0.0', dist: { integrity, tarball: `${url}/${place}` } } }
  bodies.set(name, metadata('application/json', { name, 'dist-tags': { latest: '1.0.0' }, versions }))
  bodies.set(place, { mediaType: 'application/octet-stream', bytes, compresses: false })
  return { label: `${size.label} tarball`, bytes, at: { upstream: place, product: `npm/${place}` } }
}

function addWheel(bodies: Map<string, RegistryBody>, project: string, size: Size): ServedFile {
  const filename = `${project}-1.0-py3-none-any.whl`
  const bytes = writeZip([
    { name: `${project}.bin`, bytes: noise(project, size.bytes), method: 'stored' },
    { name: `${project}-1.0.dist-info/METADATA`, bytes: Buffer.from('Metadata-Version: 2.1\n') },
  ])
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const entry = { filename, url: `../../files/${filename}`, hashes: { sha256 } }
  const page = { meta: { 'api-version': '1.0' }, name: project, files: [entry] }
  bodies.set(`simple/${project}/`, metadata(SIMPLE_JSON, page))
  bodies.set(`files/${filename}`, { mediaType: 'application/octet-stream', bytes, compresses: false })
  const at = { upstream: `files/${filename}`, product: `pypi/files/${project}/${sha256}/${filename}` }
  return { label: `${size.label} wheel`, bytes, at }
}

function metadata(mediaType: string, value: unknown): RegistryBody {
  return { mediaType, bytes: Buffer.from(JSON.stringify(value)), compresses: true }
}

/** Twice, so that the second is a hit, and every byte is compared: a wrong body is no figure. */
async function mustServe(side: string, place: string, expected: Uint8Array): Promise<void> {
  for (let attempt = 0; attempt < 2; attempt++) {
    const { status, bytes } = await fetchBody(place, {})
    if (status !== 200 || !bytes.equals(expected)) {
      throw new Error(
        `${side} answers ${status} with ${bytes.length} bytes at ${place}: ${bytes.toString('utf8', 0, 200)}`,
      )
    }
  }
}
