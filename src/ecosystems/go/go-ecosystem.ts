import type { Asked, Ecosystem, Proof, Resource, Verdict } from '../ecosystem.ts'
import { formProof } from './form-proof.ts'
import { isPublicDatabase } from './gosumdb.ts'
import { checkInfo, readInfo } from './info-check.ts'
import { checkList, listedVersions } from './list-check.ts'
import { checkMod } from './mod-check.ts'
import { escapeVersion } from './module-path.ts'
import { plain, renderRefusal } from './refusals.ts'
import { type GoRequest, moduleOfFixedFile, parseGoRequest } from './request-path.ts'
import type { GoProof } from './sumdb/go-proof.ts'
import type { CheckZip } from './zip/zip-check.ts'

export interface GoEcosystemOptions {
  readonly ttl: {
    readonly listMs: number
    readonly latestMs: number
    /** Of `.info` for branches, hashes and prefixes. */
    readonly queryMs: number
    readonly missMs: number
    readonly treeHeadMs: number
  }
  readonly onOutage: 'error' | 'notFound'
  readonly isPrivate: (name: string) => boolean
  /** GONOSUMDB: public names that are not looked up in the checksum database. */
  readonly isUnlisted: (name: string) => boolean
  /** Undefined when the checksum database is off. With an empty name, the public database under its own name. */
  readonly sumdb: GoProof | undefined
  readonly checkZipForm: CheckZip
}

/** The reference for the bounds of modules: `golang.org/x/mod/zip` (MaxZipFile, MaxGoMod). */
const maxBytes = {
  list: 16 << 20,
  info: 1 << 20,
  mod: 16 << 20,
  zip: 500 << 20,
  lookup: 1 << 20,
  'tree-head': 1 << 20,
  tile: 64 << 10,
  'data-tile': 16 << 20,
} as const

const text = 'text/plain; charset=utf-8'

type ModuleRequest = Extract<GoRequest, { kind: 'list' | 'latest' | 'info' | 'query' | 'mod' | 'zip' }>
type DatabaseRequest = Extract<GoRequest, { kind: 'lookup' | 'tile' | 'data-tile' | 'tree-head' }>

type GoAsked = Extract<Asked, { readonly kind: 'resource' | 'answer' }>

export interface GoEcosystem extends Ecosystem {
  /** A request of this protocol is told by its path alone. */
  parse(path: string): GoAsked
}

/** The GOPROXY protocol, and the checksum database beside it under `/sumdb/`. */
export function createGoEcosystem(options: GoEcosystemOptions): GoEcosystem {
  const { sumdb } = options
  const isDatabase = (name: string) =>
    sumdb !== undefined && (sumdb.name === '' ? isPublicDatabase(name) : name === sumdb.name)

  return {
    id: 'go',
    parse(path) {
      const request = parseGoRequest(path, isDatabase)
      switch (request.kind) {
        case 'refused': {
          // A 404 would send the client on to the next of its list, with the private name.
          if (request.status === 404 && options.isPrivate(nameIn(path))) {
            const fix = 'set GOPRIVATE to what go.private says so that go asks the version control itself'
            return answer(403, `${nameIn(path)} is private here, and ${request.reason}`, fix, 0)
          }
          return answer(request.status, request.reason, undefined, request.status === 404 ? 3600 : 0)
        }
        case 'supported':
          return {
            kind: 'answer',
            answer: {
              status: 200,
              headers: { 'content-type': text, 'cache-control': 'public, max-age=3600' },
              body: '',
            },
          }
        case 'lookup':
        case 'tile':
        case 'data-tile':
        case 'tree-head':
          // The parser knows no database without one being configured.
          if (sumdb === undefined) return answer(404, 'no checksum database is served here', undefined, 0)
          return databaseAsked(request, sumdb, options)
        default:
          return { kind: 'resource', resource: moduleResource(request, options) }
      }
    },
    nameOfFixed: moduleOfFixedFile,
    refuse: (refusal, sought) => renderRefusal(refusal, sought, options),
  }
}

/** The module of a request that is none, as far as it can be told; only for comparing with patterns. */
function nameIn(path: string): string {
  const [name = ''] = path.replace(/%21/g, '!').split('/@', 1)
  return name.slice(1).replace(/!([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

function databaseAsked(request: DatabaseRequest, sumdb: GoProof, options: GoEcosystemOptions): GoAsked {
  // Private names become a resource, so that the gate refuses them and says which rule they meet.
  if (request.kind === 'lookup' && !options.isPrivate(request.module) && isExempt(request.module, options)) {
    const fix = `set GONOSUMDB=${request.module} so that go does not ask for it`
    return answer(
      403,
      `${request.module} is not looked up in the checksum database here (go.nosumdb)`,
      fix,
      0,
    )
  }
  return { kind: 'resource', resource: databaseResource(request, sumdb, options) }
}

function moduleResource(request: ModuleRequest, options: GoEcosystemOptions): Resource {
  const { kind, module, path } = request
  const { ttl } = options
  const base = {
    ...common(path, path, module, ttl.missMs),
    sources: 'go',
    kind,
    shape: kind === 'zip' ? 'blob' : 'metadata',
  } as const
  switch (kind) {
    // `go get` asks for the parents of a package's path too, and gives up at an outage of any of them.
    case 'list':
      return {
        ...base,
        mediaType: text,
        maxBytes: maxBytes.list,
        freshMs: ttl.listMs,
        missLasts: true,
        prove: () => formProof(checkList),
        disproves: (body) => versionKeys(path, listedVersions(body)),
        versions: listedVersions,
      }
    case 'latest':
    case 'query':
      return {
        ...base,
        mediaType: 'application/json',
        maxBytes: maxBytes.info,
        freshMs: kind === 'latest' ? ttl.latestMs : ttl.queryMs,
        missLasts: true,
        prove: () => formProof((bytes) => checkInfo(bytes)),
        disproves: (body) => {
          const info = readInfo(body)
          return 'version' in info ? versionKeys(path, [info.version]) : []
        },
      }
    case 'info':
      return {
        ...base,
        mediaType: 'application/json',
        maxBytes: maxBytes.info,
        freshMs: Number.POSITIVE_INFINITY,
        prove: () => formProof((bytes) => checkInfo(bytes, request.version)),
      }
    case 'mod':
    case 'zip':
      return {
        ...base,
        mediaType: kind === 'mod' ? text : 'application/zip',
        maxBytes: maxBytes[kind],
        freshMs: Number.POSITIVE_INFINITY,
        isUnprovable: authorityOf(module, options) === undefined,
        prove: (signal) => moduleProof(kind, request, options, signal),
      }
  }
}

/** The database that vouches for a module; undefined where none is asked. */
function authorityOf(module: string, options: GoEcosystemOptions): GoProof | undefined {
  return options.isPrivate(module) || isExempt(module, options) ? undefined : options.sumdb
}

function moduleProof(
  kind: 'mod' | 'zip',
  { module, version }: { readonly module: string; readonly version: string },
  options: GoEcosystemOptions,
  signal: AbortSignal,
): Proof {
  const { checkZipForm } = options
  const sumdb = authorityOf(module, options)
  if (sumdb !== undefined) {
    return kind === 'mod'
      ? sumdb.proveModFile(module, version, signal)
      : sumdb.proveZip(module, version, signal)
  }
  const reason =
    options.sumdb === undefined
      ? 'no checksum database is configured'
      : `${module} is not looked up in the checksum database (go.nosumdb)`
  if (kind === 'mod') {
    return formProof((bytes) => {
      const verdict = checkMod(bytes)
      return verdict.verdict === 'sound' ? { verdict: 'unproved', reason } : verdict
    })
  }
  return {
    async check(body, checkSignal): Promise<Verdict> {
      const form = await checkZipForm(body, module, version, checkSignal)
      if (form.ok) return { verdict: 'unproved', reason }
      return { verdict: form.unable === true ? 'unproved' : 'wrong', reason: form.reason }
    },
  }
}

/** The go command insists on a record for toolchains, whatever GONOSUMDB says. */
function isExempt(module: string, options: GoEcosystemOptions): boolean {
  return module !== 'golang.org/toolchain' && options.isUnlisted(module)
}

function databaseResource(request: DatabaseRequest, sumdb: GoProof, { ttl }: GoEcosystemOptions): Resource {
  const { kind, database, path } = request
  const name = kind === 'lookup' ? request.module : database
  const base = {
    ...common(`sumdb/${database}/${path}`, path, name, ttl.missMs),
    sources: 'go-sumdb',
    kind,
    mediaType: kind === 'tile' ? 'application/octet-stream' : text,
    shape: 'metadata',
    maxBytes: maxBytes[kind],
    freshMs: kind === 'tree-head' ? ttl.treeHeadMs : Number.POSITIVE_INFINITY,
  } as const
  switch (kind) {
    case 'lookup':
      return { ...base, prove: (signal) => sumdb.proveLookup(request.module, request.version, signal) }
    case 'tree-head':
      return { ...base, prove: (signal) => sumdb.proveTreeHead(signal) }
    case 'tile':
    case 'data-tile':
      return { ...base, prove: (signal) => sumdb.proveTile(path, signal) }
  }
}

function common(served: string, path: string, name: string, missMs: number) {
  return { ecosystem: 'go', key: keyOf(served), path: wirePath(path), name, missMs } as const
}

/** A key after `go` is a path that `parse` reads back to the same resource, hence the one escape. */
function keyOf(served: string): string {
  return `go/${served.replaceAll('%', '%25')}`
}

/** As Go's client writes it (`url.PathEscape` but for slashes): `!` travels as `%21`, `+` as itself. */
function wirePath(path: string): string {
  return path.replace(
    /[^A-Za-z0-9\-._~$&+:=@/]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  )
}

/** Keys of the files of versions, beside a path `M/@v/…` or `M/@latest`. */
function* versionKeys(path: string, versions: Iterable<string>): Generator<string> {
  const base = path.slice(0, path.indexOf('/@'))
  for (const version of versions) {
    const escaped = escapeVersion(version)
    if (escaped === undefined) continue
    for (const extension of ['info', 'mod', 'zip']) yield keyOf(`${base}/@v/${escaped}.${extension}`)
  }
}

function answer(status: number, cause: string, fix: string | undefined, maxAgeS: number): GoAsked {
  const control = maxAgeS > 0 ? `public, max-age=${maxAgeS}` : 'no-store'
  return { kind: 'answer', answer: plain(status, [cause, fix], { 'cache-control': control }) }
}
