import type { Asked, Asking, Ecosystem, Foresight } from '../ecosystem.ts'
import { remembered } from '../remembered.ts'
import type { AuditRules } from './audit-body.ts'
import { auditForward, privateForward, relayAsked, searchForward, type WriteRules } from './npm-forwards.ts'
import { ABBREVIATED, type NpmResourceOptions, NpmResources, type PackumentForm } from './npm-resources.ts'
import { type NpmRoute, publicRoute } from './npm-route.ts'
import { isPackageName, tarballPath, wireName } from './package-name.ts'
import { npmError, npmJson, renderRefusal } from './refusals.ts'
import { type NpmRequest, packageOfTarball, parseNpmKey, parseNpmRequest } from './request-path.ts'

export interface NpmEcosystemOptions extends NpmResourceOptions, WriteRules {
  readonly route: (name: string) => NpmRoute
  /** Where accounts are: the registry of one's own, where there is one. */
  readonly accounts: NpmRoute
  /** Told of what an audit shows to be locked. */
  readonly locked: AuditRules['locked']
  /** Told in which form a client asked for a packument, and whether it is one that reads dates there. */
  readonly formAsked: (name: string, form: PackumentForm, readsDates: boolean) => void
  readonly foresight?: Foresight
}

/** One package's requests that have a body of their own; the others are about the registry. */
type PackageRequest = Extract<NpmRequest, { readonly name: string }>

/** npm's registry protocol: packuments in two forms, tarballs, and what is passed on. */
export function createNpmEcosystem(options: NpmEcosystemOptions): Ecosystem {
  const resources = new NpmResources(options)
  const { route, accounts, isOwnToken } = options

  /** npm says for which scope it logs in. */
  const accountsOf = (scope: string | undefined): NpmRoute => {
    const name = `${scope ?? ''}/name`
    const way = isPackageName(name) ? route(name) : accounts
    return way.isPrivate ? way : accounts
  }

  const ofRequest = (request: NpmRequest, asking: Asking): Asked => {
    switch (request.kind) {
      case 'refused':
        return answer(npmError(request.status, [request.reason, undefined]))
      case 'root':
        return answer(npmJson(200, { registry: 'npm', set: `npm config set registry ${asking.base}/` }))
      case 'ping':
        return answer(npmJson(200, {}))
      case 'search':
        return { kind: 'forward', forward: searchForward(asking) }
      case 'keys':
        return { kind: 'resource', resource: resources.keys(publicRoute) }
      case 'audit': {
        const isPrivate = (name: string) => route(name).isPrivate
        return {
          kind: 'forward',
          forward: auditForward(request.form, { isPrivate, locked: options.locked }),
        }
      }
      case 'relay': {
        const way = request.name === undefined ? accountsOf(asking.header('npm-scope')) : route(request.name)
        return relayAsked(request, way, asking, options)
      }
      default:
        return ofPackage(request, asking)
    }
  }

  const ofPackage = (request: PackageRequest, asking: Asking): Asked => {
    const { name } = request
    const way = route(name)
    const authorization = asking.header('authorization')
    const brings = authorization !== undefined && !isOwnToken(authorization)
    if (brings && request.kind === 'packument' && /(?:^|&)write=true(?:&|$)/.test(asking.query)) {
      // What is about to be written is read where it will be written.
      return relayAsked({ name, what: 'read', path: wireName(name) }, way, asking, options)
    }
    if (brings && way.isPrivate && way.passesTokens) {
      const kind = request.kind === 'tarball' ? 'tarball' : 'metadata'
      return { kind: 'forward', forward: privateForward(name, placeOf(request), kind, way, asking) }
    }
    switch (request.kind) {
      case 'packument': {
        const variant = variantFor(asking)
        const form = variant === 'full' ? 'packument' : 'abbreviated'
        options.formAsked(name, form, variant === 'dated')
        const view =
          variant === 'full'
            ? resources.fullView(name, way, asking.base)
            : resources.abbreviatedView(name, way, asking.base, variant === 'dated')
        return { kind: 'view', view }
      }
      case 'manifest':
        return { kind: 'view', view: resources.manifestView(name, request.wanted, way, asking.base) }
      case 'dist-tags':
        return { kind: 'view', view: resources.distTagsView(name, way) }
      default:
        return ofKey(request)
    }
  }

  const ofKey = (request: NpmRequest, way?: NpmRoute): Asked => {
    switch (request.kind) {
      case 'packument':
        return resource(resources.packument(request.name, way ?? route(request.name)))
      case 'abbreviated':
        return resource(resources.abbreviated(request.name, way ?? route(request.name)))
      case 'manifest':
        return resource(resources.manifest(request.name, request.wanted, way ?? route(request.name)))
      case 'tarball':
        return resource(resources.tarball(request.name, request.file, way ?? route(request.name)))
      case 'attestations':
        return resource(resources.attestations(request.name, request.version, way ?? route(request.name)))
      case 'keys':
        return resource(resources.keys(publicRoute))
      default:
        return answer(npmError(404, ['this is the key of nothing that is kept', undefined]))
    }
  }

  /** Keys of private packages say which list they are of; one that is another's by now is nobody's. */
  const parseKey = (path: string): Asked => {
    const [, sources, rest] = /^\/-\/at\/([^/]+)(\/.+)$/.exec(path) ?? []
    const request = parseNpmKey(rest ?? path)
    const way = 'name' in request && request.name !== undefined ? route(request.name) : publicRoute
    const isOf = way.isPrivate ? way.sources === sources : sources === undefined
    return isOf ? ofKey(request, way) : answer(npmError(404, ['this key is of another registry', undefined]))
  }

  return {
    id: 'npm',
    takesWrites: true,
    parse(path, asking) {
      if (asking === undefined) return parseKey(path)
      return ofRequest(parseNpmRequest(path, { method: asking.method, atRoot: asking.atRoot }), asking)
    },
    variantOf(path, asking) {
      if (asking.query !== '' && asking.query.includes('write=')) return undefined
      if (path.includes('/-/')) return path.endsWith('/dist-tags') ? 'dist-tags' : undefined
      return variantFor(asking)
    },
    nameOfFixed(path) {
      const name = packageOfTarball(path)
      return name === undefined || route(name).isPrivate ? undefined : name
    },
    refuse: (refusal, sought) => renderRefusal(refusal, sought, route(sought.name).isPrivate),
    ...(options.foresight === undefined ? {} : { foresight: options.foresight }),
  }
}

/**
 * npm, bun and yarn read no dates in an abbreviated packument; they ask for the full one when they need some. All
 * others get them, pnpm above all, and for that the full packument is fetched as well.
 */
function variantFor(asking: Asking): 'full' | 'abbreviated' | 'dated' {
  if (!isAbbreviatedWanted(asking.header('accept'))) return 'full'
  return /^(?:npm|bun|yarn)\//i.test(asking.header('user-agent') ?? '') ? 'abbreviated' : 'dated'
}

/** True when a client likes the abbreviated form at least as much as the full one (RFC 9110 12.5.1). */
export function isAbbreviatedWanted(accept: string | undefined): boolean {
  return accept?.includes(ABBREVIATED) === true && prefersAbbreviated(accept)
}

const prefersAbbreviated = remembered((accept) => {
  const quality = (type: string) => {
    for (const item of accept.split(',')) {
      const [name = '', ...parameters] = item.split(';').map((part) => part.trim().toLowerCase())
      if (name !== type) continue
      const q = parameters.find((parameter) => parameter.startsWith('q='))
      return q === undefined ? 1 : Number(q.slice(2)) || 0
    }
    return 0
  }
  const abbreviated = quality(ABBREVIATED)
  return abbreviated > 0 && abbreviated >= quality('application/json')
})

function placeOf(request: PackageRequest): string {
  switch (request.kind) {
    case 'tarball':
      return tarballPath(request.name, request.file)
    case 'manifest':
      return `${wireName(request.name)}/${encodeURIComponent(request.wanted)}`
    case 'dist-tags':
      return `-/package/${wireName(request.name)}/dist-tags`
    case 'attestations':
      return `-/npm/v1/attestations/${wireName(request.name)}@${encodeURIComponent(request.version)}`
    default:
      return wireName(request.name)
  }
}

function resource(made: ReturnType<NpmResources['packument']>): Asked {
  return { kind: 'resource', resource: made }
}

function answer(rendered: ReturnType<typeof npmError>): Asked {
  return { kind: 'answer', answer: rendered }
}
