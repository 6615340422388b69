import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { createSecureContext } from 'node:tls'
import { diagnose } from '../../src/doctor/diagnose.ts'
import type { SettingFact } from '../../src/doctor/evidence.ts'
import type { DoctorLimits } from '../../src/doctor/limits.ts'
import { type Report, reportOf } from '../../src/doctor/report.ts'
import type { DoctorOptions } from '../../src/doctor/run.ts'
import type { Role, Target } from '../../src/doctor/target.ts'
import { hashModFile } from '../../src/ecosystems/go/zip/dirhash.ts'
import type { Catalogue, EcosystemName } from '../../src/mirrors/catalogue.ts'
import { type CertificateOptions, type LabAuthority, makeLabCertificate } from './certificate.ts'
import { LabNameServer } from './lab-name-server.ts'
import { answer, type LabHandler, type LabServer, type ServeOptions, startLabServer } from './lab-server.ts'

/** Short, so that silence costs little; long enough for an honest answer on a busy machine. */
export const labLimits: DoctorLimits = {
  dnsMs: 600,
  secondAnswerMs: 120,
  connectMs: 900,
  tlsMs: 900,
  firstByteMs: 1_300,
  stallMs: 800,
  transferMs: 3_000,
  pauseMs: [5, 20],
  totalMs: 20_000,
}

export const smallFile = Buffer.from('module small.example/m\n')
export const mediumFile = Buffer.alloc(600_000, 'the same bytes again and again ')
export const paths = {
  metadata: '/meta.example/m/@v/v1.0.0.mod',
  small: '/small.example/m/@v/v1.0.0.mod',
  medium: '/medium.example/m/@v/v1.0.0.zip',
  list: '/canary.example/m/@v/list',
  supported: '/sumdb/sum.example/supported',
} as const
const versions = Array.from({ length: 20 }, (_, index) => `v1.${index}.0`)

export const catalogue: Catalogue = {
  ecosystem: 'go',
  reference: { name: 'a lab build', requests: 100, bytes: 20_000_000, concurrency: 6 },
  probes: {
    small: {
      path: paths.small.slice(1),
      hash: { kind: 'go-mod', h1: hashModFile(smallFile) },
      sizeBytes: smallFile.length,
    },
    medium: {
      path: paths.medium.slice(1),
      hash: {
        kind: 'digest',
        algorithm: 'sha256',
        hex: createHash('sha256').update(mediumFile).digest('hex'),
      },
      sizeBytes: mediumFile.length,
    },
    metadata: [paths.metadata.slice(1)],
    canaries: [{ name: 'canary.example/m', path: paths.list.slice(1) }],
  },
  mirrors: [],
}

/** What an honest source says. */
export const honest: LabHandler = ({ path, headers }, socket) => {
  const type = path === paths.medium ? 'application/zip' : 'text/plain; charset=utf-8'
  const body = bodies[path]
  if (body === undefined)
    return answer(socket, { status: 404, headers: { 'Content-Type': type }, body: 'not found\n' })
  const range = /^bytes=0-(\d+)$/.exec(headers.get('range') ?? '')
  if (range === null) return answer(socket, { headers: { 'Content-Type': type }, body })
  const part = Buffer.from(body).subarray(0, Number(range[1]) + 1)
  return answer(socket, { status: 206, headers: { 'Content-Type': type }, body: part })
}

export const bodies: Readonly<Record<string, string | Buffer>> = {
  [paths.metadata]: 'module meta.example/m\n',
  [paths.small]: smallFile,
  [paths.medium]: mediumFile,
  [paths.list]: `${versions.join('\n')}\n`,
  [paths.supported]: '',
  '/latest': 'go.sum database tree\n',
}

/** One path answered otherwise, the rest honestly. */
export function except(path: string | readonly string[], handler: LabHandler): LabHandler {
  const wanted = typeof path === 'string' ? [path] : path
  return (request, socket) => (wanted.includes(request.path) ? handler : honest)(request, socket)
}

/** Hosts with names of their own, an authority that is trusted, and the end of it all when the row is over. */
export class DoctorLab implements AsyncDisposable {
  readonly names: LabNameServer
  readonly authority: LabAuthority
  readonly #parts: AsyncDisposableStack

  private constructor(names: LabNameServer, parts: AsyncDisposableStack) {
    this.names = names
    this.#parts = parts
    this.authority = makeLabCertificate({ name: 'lab authority', isAuthority: true })
  }

  static async open(): Promise<DoctorLab> {
    const parts = new AsyncDisposableStack()
    return new DoctorLab(parts.use(await LabNameServer.start()), parts)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#parts.disposeAsync()
  }

  use<T extends AsyncDisposable>(part: T): T {
    return this.#parts.use(part)
  }

  certificate(host: string, more: Partial<CertificateOptions> = {}): LabAuthority {
    return makeLabCertificate({ name: host, hosts: [host], issuer: this.authority, ...more })
  }

  /** An https server with the given name. */
  async serve(host: string, options: Partial<ServeOptions> = {}): Promise<URL> {
    const server = await startLabServer({ handler: honest, certificate: this.certificate(host), ...options })
    return this.name(host, this.use(server))
  }

  /** The same without TLS. */
  async servePlain(host: string, handler: LabHandler = honest): Promise<URL> {
    return this.name(host, this.use(await startLabServer({ handler })), 'http')
  }

  name(host: string, server: LabServer | { readonly port: number }, scheme: 'http' | 'https' = 'https'): URL {
    if (!this.names.names.has(host)) this.names.names.set(host, { addresses: ['127.0.0.1'] })
    return new URL(`${scheme}://${host}:${server.port}/`)
  }

  async examine(
    targets: readonly Target[],
    more: Partial<DoctorOptions> & {
      readonly facts?: readonly SettingFact[]
      /** Variables that name proxies. */
      readonly env?: Readonly<Record<string, string | undefined>>
    } = {},
  ): Promise<Report> {
    const { facts = [], env = {}, ...rest } = more
    const diagnosis = await diagnose({
      ...labOptions(targets, this.authority.cert),
      nameServers: [this.names.address],
      settings: async () => facts,
      routeTo: () => ({ env, setBy: {} }),
      ...rest,
    })
    return reportOf(diagnosis, 'en')
  }
}

/** A run without settings and name servers, that trusts this authority. */
export function labOptions(targets: readonly Target[], authority: string): DoctorOptions {
  const trust = createSecureContext({ ca: [authority] })
  return {
    targets,
    routeTo: () => ({ env: {}, setBy: {} }),
    spares: [],
    nameServers: [],
    searchDomains: [],
    ndots: 1,
    lookup: undefined,
    trust,
    bundledTrust: trust,
    allowPrivate: ['127.0.0.0/8'],
    dataFolder: tmpdir(),
    catalogues: { go: catalogue },
    sumdbName: undefined,
    headers: {},
    settings: async () => [],
    portalProbe: undefined,
    tracePath: undefined,
    locateReset: undefined,
    limits: labLimits,
    version: '0.0.0',
    nowMs: Date.now,
    random: Math.random,
    onProgress: () => undefined,
    signal: new AbortController().signal,
  }
}

export function target(url: URL, role: Role = 'source', ecosystem: EcosystemName | undefined = 'go'): Target {
  return { url, role, ecosystem, foundIn: 'the lab' }
}
