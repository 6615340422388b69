import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import type { RegistryAnswer, RegistryRequest, RegistrySite } from './fake-registry.ts'

/** One published version. */
export interface NpmVersion {
  /** What its package.json says, at least `name` and `version`. */
  readonly manifest: Readonly<Record<string, unknown>> & { readonly name: string; readonly version: string }
  readonly tarball: Uint8Array
  /** As the registry recorded it, its `tarball` aside; made and signed by our own key when left out. */
  readonly dist?: Readonly<Record<string, unknown>>
}

export interface NpmPackage {
  readonly name: string
  /** Ascending; the last is `latest`, unless `distTags` says otherwise. */
  readonly versions: readonly NpmVersion[]
  readonly distTags?: Readonly<Record<string, string>>
}

export interface NpmSiteOptions {
  readonly packages: readonly NpmPackage[]
  /** Entries of `/-/npm/v1/keys` beside our own key's: those that signed recorded packages. */
  readonly keys?: readonly unknown[]
  /** `user:password` or a token that every request must carry; anything else is a 401. */
  readonly authorization?: string
}

const FULL = 'application/json'
const ABBREVIATED = 'application/vnd.npm.install-v1+json'
const PUBLISHED = '2024-01-02T03:04:05.678Z'
/** What npm's own abbreviated form keeps of a version. */
const abbreviatedFields = [
  ...['name', 'version', 'dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'],
  ...['peerDependenciesMeta', 'bundleDependencies', 'bin', 'directories', 'dist', 'engines', 'os', 'cpu'],
  ...['libc', 'funding', 'deprecated', 'hasInstallScript', '_hasShrinkwrap', 'acceptDependencies'],
]

const signer = makeSigner()

/** An npm registry: full and abbreviated packuments, versions, tarballs, keys, audits without findings. */
export function npmSite(options: NpmSiteOptions): (url: string) => RegistrySite {
  const packages = new Map(options.packages.map((one) => [one.name, one]))
  return (url) => {
    const tarballs = new Map(
      options.packages.flatMap(({ name, versions }) =>
        versions.map(({ manifest, tarball }) => [tarballPath(name, manifest.version), tarball] as const),
      ),
    )
    return (request) => {
      if (options.authorization !== undefined && request.header('authorization') !== options.authorization) {
        return json({ error: 'a token is needed' }, FULL, 401)
      }
      const { path } = request
      if (path.startsWith('-/')) return service(request, options.keys ?? [])
      const tarball = tarballs.get(path)
      if (tarball !== undefined) {
        return { mediaType: 'application/octet-stream', bytes: tarball, immutable: true }
      }
      const [, name = '', version] = /^((?:@[^/]+\/)?[^/]+)(?:\/([^/]+))?$/.exec(path) ?? []
      const found = packages.get(name)
      if (found === undefined) return json({ error: 'Not found' }, FULL, 404)
      if (version !== undefined) return versionOf(found, version, url)
      const wantsAbbreviated = (request.header('accept') ?? '').includes(ABBREVIATED)
      return wantsAbbreviated ? json(abbreviated(found, url), ABBREVIATED) : json(full(found, url), FULL)
    }
  }
}

export function tarballPath(name: string, version: string): string {
  return `${name}/-/${name.split('/').at(-1)}-${version}.tgz`
}

function service({ method, path }: RegistryRequest, keys: readonly unknown[]): RegistryAnswer | undefined {
  if (path === '-/ping') return json({}, FULL)
  if (path === '-/npm/v1/keys') return json({ keys: [...keys, signer.entry] }, FULL)
  if (method === 'POST' && path === '-/npm/v1/security/advisories/bulk') return json({}, FULL)
  return undefined
}

function versionOf(found: NpmPackage, versionOrTag: string, url: string): RegistryAnswer {
  const version = distTagsOf(found)[versionOrTag] ?? versionOrTag
  const one = found.versions.find(({ manifest }) => manifest.version === version)
  return one === undefined ? json('version not found', FULL, 404) : json(manifestOf(one, url), FULL)
}

function full(found: NpmPackage, url: string) {
  const time = Object.fromEntries(found.versions.map(({ manifest }) => [manifest.version, PUBLISHED]))
  return {
    _id: found.name,
    _rev: '1-0123456789abcdef',
    name: found.name,
    'dist-tags': distTagsOf(found),
    versions: versionsOf(found, (one) => manifestOf(one, url)),
    time: { created: PUBLISHED, modified: PUBLISHED, ...time },
    license: 'MIT',
    readme: `# ${found.name}\n`,
  }
}

function abbreviated(found: NpmPackage, url: string) {
  return {
    name: found.name,
    modified: PUBLISHED,
    'dist-tags': distTagsOf(found),
    versions: versionsOf(found, (one) => {
      const manifest: Readonly<Record<string, unknown>> = manifestOf(one, url)
      return Object.fromEntries(
        abbreviatedFields.flatMap((field) => (field in manifest ? [[field, manifest[field]]] : [])),
      )
    }),
  }
}

function versionsOf(found: NpmPackage, shape: (one: NpmVersion) => unknown) {
  return Object.fromEntries(found.versions.map((one) => [one.manifest.version, shape(one)]))
}

function distTagsOf({ versions, distTags }: NpmPackage): Readonly<Record<string, string>> {
  return { latest: versions.at(-1)?.manifest.version ?? '', ...distTags }
}

function manifestOf(published: NpmVersion, url: string) {
  const { manifest, dist } = published
  const { name, version } = manifest
  return {
    ...manifest,
    _id: `${name}@${version}`,
    dist: { ...(dist ?? distOf(published)), tarball: `${url}/${tarballPath(name, version)}` },
  }
}

/** Signed once: a signature over the same text is another one each time, and a packument must not change by itself. */
const dists = new WeakMap<NpmVersion, Readonly<Record<string, unknown>>>()

function distOf(published: NpmVersion): Readonly<Record<string, unknown>> {
  const known = dists.get(published)
  if (known !== undefined) return known
  const { manifest, tarball } = published
  const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`
  const signed = `${manifest.name}@${manifest.version}:${integrity}`
  const made = {
    integrity,
    shasum: createHash('sha1').update(tarball).digest('hex'),
    fileCount: 2,
    unpackedSize: tarball.length,
    signatures: [{ keyid: signer.id, sig: signer.sign(signed) }],
  }
  dists.set(published, made)
  return made
}

/** A registry's signing key, made anew by every process: no secret lies in the repository. */
function makeSigner() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const der = publicKey.export({ type: 'spki', format: 'der' })
  const id = `SHA256:${createHash('sha256').update(der).digest('base64').replace(/=+$/, '')}`
  const entry = {
    keyid: id,
    keytype: 'ecdsa-sha2-nistp256',
    scheme: 'ecdsa-sha2-nistp256',
    key: der.toString('base64'),
    expires: null,
  }
  return { id, entry, sign: (text: string) => signText(privateKey, text) }
}

function signText(key: KeyObject, text: string): string {
  return sign('sha256', Buffer.from(text), key).toString('base64')
}

function json(value: unknown, mediaType: string, status?: number): RegistryAnswer {
  const bytes = Buffer.from(JSON.stringify(value))
  return { mediaType, bytes, ...(status === undefined ? {} : { status }) }
}
