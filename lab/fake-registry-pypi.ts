import { createHash } from 'node:crypto'
import type { RegistryAnswer, RegistryRequest, RegistrySite } from './fake-registry.ts'

/** One file of a project. */
export interface PypiFile {
  readonly filename: string
  readonly version: string
  readonly bytes: Uint8Array
  /** What the wheel's METADATA holds. */
  readonly metadata: Uint8Array
  readonly requiresPython?: string
  /** True or the reason. */
  readonly yanked?: boolean | string
}

export interface PypiProject {
  /** Normalised. */
  readonly name: string
  readonly files: readonly PypiFile[]
}

export interface PypiIndexOptions {
  readonly projects: readonly PypiProject[]
  /** The file host's address: elsewhere, as with the public index. */
  readonly files: string
}

const JSON_TYPE = 'application/vnd.pypi.simple.v1+json'
const HTML_TYPE = 'application/vnd.pypi.simple.v1+html'
const UPLOADED = '2024-01-02T03:04:05.678901Z'

/** The index: `/simple/` in JSON and HTML, and `/pypi/{name}[/{version}]/json`. */
export function pypiIndexSite({ projects, files }: PypiIndexOptions): () => RegistrySite {
  const byName = new Map(projects.map((project) => [project.name, project]))
  return () => (request) => {
    const { path } = request
    const [, kind, name, version] = /^(simple|pypi)\/([^/]+)\/(?:([^/]+)\/)?(?:json)?$/.exec(path) ?? []
    const project = byName.get(normalized(name ?? ''))
    if (project === undefined) return undefined
    if (kind === 'pypi') return projectJson(project, version, files)
    if (name !== project.name) {
      const headers = { Location: `/simple/${project.name}/` }
      return { status: 301, mediaType: 'text/plain', bytes: Buffer.alloc(0), headers }
    }
    return simplePage(request, project, files)
  }
}

/** The file host: `/packages/…` with each wheel's `.metadata` beside it. */
export function pypiFileSite(projects: readonly PypiProject[]): () => RegistrySite {
  const served = new Map<string, RegistryAnswer>()
  for (const file of projects.flatMap((project) => project.files)) {
    const path = filePath(file)
    served.set(path, { mediaType: 'application/octet-stream', bytes: file.bytes, immutable: true })
    served.set(`${path}.metadata`, { mediaType: 'text/plain', bytes: file.metadata, immutable: true })
  }
  return () => (request) => served.get(request.path)
}

/** Without its leading slash, in the public file host's form: the digest in the path. */
export function filePath({ bytes, filename }: PypiFile): string {
  const digest = sha256(bytes)
  return `packages/${digest.slice(0, 2)}/${digest.slice(2, 4)}/${digest.slice(4)}/${filename}`
}

function simplePage(request: RegistryRequest, project: PypiProject, base: string): RegistryAnswer {
  const accept = request.header('accept') ?? '*/*'
  if (accept.includes(JSON_TYPE)) return answerOf(JSON_TYPE, JSON.stringify(simpleJson(project, base)))
  if (accept.includes(HTML_TYPE)) return answerOf(HTML_TYPE, simpleHtml(project, base))
  if (/text\/html|\*\/\*/.test(accept)) return answerOf('text/html', simpleHtml(project, base))
  return { status: 406, mediaType: 'text/plain', bytes: Buffer.from('no such form\n') }
}

function simpleJson({ name, files }: PypiProject, base: string) {
  return {
    meta: { 'api-version': '1.1', '_last-serial': 42 },
    name,
    versions: [...new Set(files.map(({ version }) => version))],
    files: files.map((file) => ({
      filename: file.filename,
      url: `${base}/${filePath(file)}`,
      hashes: { sha256: sha256(file.bytes) },
      'requires-python': file.requiresPython ?? '>=3.8',
      'core-metadata': { sha256: sha256(file.metadata) },
      'data-dist-info-metadata': { sha256: sha256(file.metadata) },
      size: file.bytes.length,
      'upload-time': UPLOADED,
      yanked: file.yanked ?? false,
    })),
  }
}

function simpleHtml({ name, files }: PypiProject, base: string): string {
  const links = files.map((file) => {
    const metadata = `sha256=${sha256(file.metadata)}`
    const python = (file.requiresPython ?? '>=3.8').replaceAll('>', '&gt;').replaceAll('<', '&lt;')
    const href = `${base}/${filePath(file)}#sha256=${sha256(file.bytes)}`
    const attributes = `data-requires-python="${python}" data-core-metadata="${metadata}"`
    return `    <a href="${href}" ${attributes}>${file.filename}</a><br />\n`
  })
  const meta = '    <meta name="pypi:repository-version" content="1.1">\n'
  const start = `<!DOCTYPE html>\n<html>\n  <head>\n${meta}    <title>Links for ${name}</title>\n  </head>\n`
  return `${start}  <body>\n    <h1>Links for ${name}</h1>\n${links.join('')}  </body>\n</html>\n`
}

function projectJson({ name, files }: PypiProject, version: string | undefined, base: string) {
  const versions = [...new Set(files.map((file) => file.version))]
  const wanted = version ?? versions.at(-1)
  const urls = files.filter((file) => file.version === wanted).map((file) => urlEntry(file, base))
  if (wanted === undefined || urls.length === 0) return undefined
  const metadata = Buffer.from(files.find((file) => file.version === wanted)?.metadata ?? []).toString()
  const requires = [...metadata.matchAll(/^Requires-Dist: (.+)$/gm)].map((match) => match[1])
  const info = { name, version: wanted, requires_dist: requires, requires_python: '>=3.8', yanked: false }
  const releases = Object.fromEntries(
    versions.map((one) => [
      one,
      files.filter((file) => file.version === one).map((file) => urlEntry(file, base)),
    ]),
  )
  const body = { info, last_serial: 42, urls, ...(version === undefined ? { releases } : {}) }
  return answerOf('application/json', JSON.stringify(body))
}

function urlEntry(file: PypiFile, base: string) {
  return {
    filename: file.filename,
    url: `${base}/${filePath(file)}`,
    digests: { sha256: sha256(file.bytes) },
    packagetype: 'bdist_wheel',
    size: file.bytes.length,
    upload_time_iso_8601: UPLOADED,
    requires_python: file.requiresPython ?? '>=3.8',
    yanked: false,
    yanked_reason: null,
  }
}

function answerOf(mediaType: string, text: string): RegistryAnswer {
  return { mediaType, bytes: Buffer.from(text) }
}

function normalized(name: string): string {
  return name.replaceAll(/[-_.]+/g, '-').toLowerCase()
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
