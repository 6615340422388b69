import type { CandidateBody, Proof, Resource, Verdict, View } from '../ecosystem.ts'
import type { NpmRoute } from './npm-route.ts'
import { tarballPath, wireName } from './package-name.ts'
import { proveTarball, type TarballPorts, tarballLocator } from './tarball.ts'

export const ABBREVIATED = 'application/vnd.npm.install-v1+json'
const FULL = 'application/json'

/** More than the public registry lets anybody publish (100 MB). */
const MAX_PACKUMENT_BYTES = 128 * 1024 * 1024
const MAX_TARBALL_BYTES = 2 * 1024 * 1024 * 1024
const MAX_MANIFEST_BYTES = 16 * 1024 * 1024
const MAX_ANSWER_BYTES = 16 * 1024 * 1024
/** So long an abbreviated packument waits for the dates in the full one. */
const TIME_PATIENCE_MS = 1500

export interface NpmResourceOptions {
  readonly ttl: { readonly metadataMs: number; readonly missMs: number }
  readonly tarballs: TarballPorts
  /** Runs a check of `npmChecks`, of a large body away from the serving thread. Never rejects. */
  readonly check: (
    name: string,
    body: CandidateBody,
    params: Readonly<Record<string, string>>,
  ) => Promise<Verdict>
}

export type PackumentForm = 'packument' | 'abbreviated'

/** The resources and views of one package, and of the registry as a whole. */
export class NpmResources {
  readonly #options: NpmResourceOptions

  constructor(options: NpmResourceOptions) {
    this.#options = options
  }

  packument(name: string, route: NpmRoute): Resource {
    return {
      ...this.#metadata(name, route, name),
      path: wireName(name),
      kind: 'packument',
      mediaType: FULL,
      accept: FULL,
      maxBytes: MAX_PACKUMENT_BYTES,
      prove: () => this.#form('npm.packument', { name }),
    }
  }

  /** In the source's own abbreviated form, where it has one. */
  abbreviated(name: string, route: NpmRoute): Resource {
    return {
      ...this.#metadata(`${name}/-/abbreviated`, route, name),
      path: wireName(name),
      kind: 'abbreviated',
      mediaType: ABBREVIATED,
      accept: `${ABBREVIATED}; q=1.0, ${FULL}; q=0.8`,
      maxBytes: MAX_PACKUMENT_BYTES,
      prove: () => this.#form('npm.packument', { name }),
    }
  }

  /** Of one version, or of what a tag stands for by now. */
  manifest(name: string, wanted: string, route: NpmRoute): Resource {
    const version: Readonly<Record<string, string>> = /^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?$/.test(wanted)
      ? { version: wanted }
      : {}
    return {
      ...this.#metadata(`${name}/-/manifest/${wanted}`, route, name),
      path: `${wireName(name)}/${encodeURIComponent(wanted)}`,
      kind: 'manifest',
      mediaType: FULL,
      accept: FULL,
      maxBytes: MAX_MANIFEST_BYTES,
      prove: () => this.#form('npm.packument', { name, ...version }),
    }
  }

  tarball(name: string, file: string, route: NpmRoute): Resource {
    const { tarballs, ttl } = this.#options
    return {
      ecosystem: 'npm',
      key: keyOf(tarballPath(name, file), route),
      sources: route.sources,
      path: tarballPath(name, file),
      kind: 'tarball',
      name,
      mediaType: 'application/octet-stream',
      shape: 'blob',
      maxBytes: MAX_TARBALL_BYTES,
      freshMs: Number.POSITIVE_INFINITY,
      missMs: ttl.missMs,
      isPrivate: route.isPrivate,
      locate: tarballLocator(name, file, tarballs),
      prove: (signal) => proveTarball(name, file, tarballs, signal),
    }
  }

  /** What the registry's signatures are checked with. */
  keys(route: NpmRoute): Resource {
    return {
      ...this.#metadata('-/npm/v1/keys', route, '-/npm/v1/keys'),
      path: '-/npm/v1/keys',
      kind: 'keys',
      mediaType: FULL,
      accept: FULL,
      maxBytes: MAX_ANSWER_BYTES,
      prove: () => this.#form('npm.object', {}),
    }
  }

  attestations(name: string, version: string, route: NpmRoute): Resource {
    return {
      ...this.#metadata(`-/npm/v1/attestations/${name}@${version}`, route, name),
      path: `-/npm/v1/attestations/${wireName(name)}@${encodeURIComponent(version)}`,
      kind: 'attestations',
      mediaType: FULL,
      accept: FULL,
      maxBytes: MAX_ANSWER_BYTES,
      prove: () => this.#form('npm.object', {}),
    }
  }

  fullView(name: string, route: NpmRoute, base: string): View {
    return {
      ...viewOf(this.packument(name, route), 'npm.full', { base, name }),
      mediaType: FULL,
      vary: 'Accept, User-Agent',
    }
  }

  /** `dated`: with the dates out of the full packument, where the source's own abbreviated form has none. */
  abbreviatedView(name: string, route: NpmRoute, base: string, dated: boolean): View {
    const params = { base, name, ...(dated ? { dated: 'yes' } : {}) }
    return {
      ...viewOf(this.abbreviated(name, route), 'npm.abbreviated', params),
      ...(dated ? { beside: { resource: this.packument(name, route), patienceMs: TIME_PATIENCE_MS } } : {}),
      mediaType: ABBREVIATED,
      vary: 'Accept, User-Agent',
    }
  }

  manifestView(name: string, wanted: string, route: NpmRoute, base: string): View {
    return viewOf(this.manifest(name, wanted, route), 'npm.version', { base, name })
  }

  distTagsView(name: string, route: NpmRoute): View {
    return viewOf(this.abbreviated(name, route), 'npm.dist-tags', {})
  }

  /** What tarballs are located and proved by, out of the form that is at hand already. */
  distView(name: string, route: NpmRoute, form: PackumentForm): View {
    return viewOf(this[form](name, route), 'npm.dist', { name })
  }

  /** What is read to fetch ahead, in place of a packument. */
  edgesView(of: Resource): View {
    return viewOf(of, 'npm.edges', {})
  }

  #metadata(place: string, route: NpmRoute, name: string) {
    const { ttl } = this.#options
    return {
      ecosystem: 'npm',
      key: keyOf(place, route),
      sources: route.sources,
      name,
      shape: 'metadata',
      freshMs: ttl.metadataMs,
      missMs: ttl.missMs,
      compressible: true,
      isPrivate: route.isPrivate,
    } as const
  }

  #form(check: string, params: Readonly<Record<string, string>>): Proof {
    return { check: (body) => this.#options.check(check, body, params) }
  }
}

/** Private packages lie apart, by their list of sources: what was public once is never taken for them. */
export function keyOf(place: string, route: NpmRoute): string {
  return route.isPrivate ? `npm/-/at/${route.sources}/${place}` : `npm/${place}`
}

function viewOf(of: Resource, transform: string, params: Readonly<Record<string, string>>): View {
  return {
    key: `${of.key}/-/view/${transform}`,
    of,
    mediaType: FULL,
    vary: '',
    transform: { name: transform, params },
  }
}
