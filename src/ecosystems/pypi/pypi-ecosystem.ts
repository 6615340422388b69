import { createHash } from 'node:crypto'
import type { Asked, Asking, Ecosystem, Rendered, Resource, View } from '../ecosystem.ts'
import type { PageSource } from './file-places.ts'
import { acceptableForms, chooseForm, mediaTypes, type PageForm } from './negotiation.ts'
import { PRIVATE_KEYS, type PypiEcosystemOptions, type Resources, resourcesFor } from './pypi-resources.ts'
import { plain, renderRefusal } from './refusals.ts'
import { type FileRequest, type PypiRequest, parsePypiRequest } from './request-path.ts'

const jsonType = 'application/json'

export interface PypiEcosystem extends Ecosystem {
  variantOf(path: string, asking: Asking): string | undefined
  /** The page of a project, as its sources have it. */
  pageOf(project: string): Resource
  /** The same page as this one source has it. */
  pageAt(project: string, source: Pick<PageSource, 'id' | 'url'>): Resource
  /** The map of the files that a page lists (files-map.ts). */
  filesOf(page: Resource): View
  /** The newest files of this page (candidates.ts). */
  candidatesOf(project: string): View
  /** The core metadata inside of a wheel. */
  metadataIn(wheel: Resource): View
  fileOf(file: FileRequest): Resource
}

/** The simple repository API (PEP 503, 691), the files that it lists, and the JSON API beside it. */
export function createPypiEcosystem(options: PypiEcosystemOptions): PypiEcosystem {
  const resources = resourcesFor(options)
  return {
    id: 'pypi',
    parse(path, asking) {
      if (asking === undefined) return keyed(path, resources)
      if (asking.method !== 'GET' && asking.method !== 'HEAD') {
        const cause = 'this server takes no uploads and no XML-RPC'
        const fix = 'publish to the index itself, and search on its own page'
        return answer(plain(405, cause, fix, { allow: 'GET, HEAD' }))
      }
      return asked(parsePypiRequest(path), asking, options, resources)
    },
    // To be refused with words that help: twine and old clients' searches come here.
    takesWrites: true,
    variantOf(path, { query, header }) {
      if (path.startsWith('/files/')) return undefined
      if (path.startsWith('/simple/'))
        return path.endsWith('/') ? chooseForm(header('accept'), query) : undefined
      return path.endsWith('/json') ? 'project' : undefined
    },
    nameOfFixed(path) {
      const project = projectOfFixedFile(path)
      return project === undefined || options.isPrivate(project) ? undefined : project
    },
    refuse: (refusal, sought) => renderRefusal(refusal, sought, options.isPrivate(sought.name)),
    pageOf: resources.page,
    pageAt: resources.pageAt,
    filesOf: (page) => digestView(page, 'files'),
    candidatesOf: (project) => digestView(resources.page(project), 'candidates'),
    metadataIn: (wheel) => digestView(wheel, 'metadata'),
    fileOf: resources.file,
  }
}

/** What is read of a body by ourselves, in a form that needs no parser. */
function digestView(of: Resource, what: 'files' | 'candidates' | 'metadata'): View {
  return {
    key: `${of.key}~${what}`,
    of,
    mediaType: 'text/plain; charset=utf-8',
    vary: '',
    transform: { name: `pypi.${what}`, params: { project: of.name } },
  }
}

/**
 * The project of a file that its hash names and that lies under the very spelling of its key; undefined when in
 * doubt.
 */
function projectOfFixedFile(path: string): string | undefined {
  const match = /^\/files\/([a-z0-9]+(?:-[a-z0-9]+)*)\/[0-9a-f]{64}\/[A-Za-z0-9._-]+$/.exec(path)
  return match !== null && !/\.(?:asc|provenance)$/.test(path) ? match[1] : undefined
}

/** What a key after `pypi` means by now; a name may have become private, or public, since. */
function keyed(path: string, resources: Resources): Asked {
  const hidden = path.startsWith(`${PRIVATE_KEYS}/`)
  const request = parsePypiRequest(hidden ? path.slice(PRIVATE_KEYS.length) : path)
  const resource = resourceFor(request, resources)
  return resource !== undefined && (resource.isPrivate === true) === hidden
    ? { kind: 'resource', resource }
    : unknownKey()
}

function resourceFor(request: PypiRequest, resources: Resources): Resource | undefined {
  switch (request.kind) {
    case 'index':
      return resources.projects()
    case 'page':
      return resources.page(request.project)
    case 'project-json':
      return resources.project(request.project, request.version)
    case 'file':
      return resources.file(request)
    default:
      return undefined
  }
}

function asked(
  request: PypiRequest,
  asking: Asking,
  options: PypiEcosystemOptions,
  resources: Resources,
): Asked {
  switch (request.kind) {
    case 'refused':
      return answer(plain(request.status, request.reason, undefined))
    case 'redirect': {
      const location = asking.query === '' ? request.location : `${request.location}?${asking.query}`
      const headers = { location, 'cache-control': 'public, max-age=86400' }
      return answer(plain(301, `it is at ${request.location}`, undefined, headers))
    }
    case 'home':
      return answer(
        plain(
          404,
          'this is the address of a Python package index',
          `set index-url to ${asking.base}/simple/`,
        ),
      )
    case 'file':
      return { kind: 'resource', resource: resources.file(request) }
    case 'project-json': {
      const resource = resources.project(request.project, request.version)
      return forwarded(resource, () => [jsonType], asking, options) ?? projectView(resource, asking.base)
    }
    case 'index':
    case 'page': {
      const form = chooseForm(asking.header('accept'), asking.query)
      if (form === undefined) return notAcceptable()
      const resource = request.kind === 'index' ? resources.projects() : resources.page(request.project)
      const passed = forwarded(resource, () => pageTypes(asking), asking, options)
      return passed ?? pageView(resource, form, request.kind === 'index' ? undefined : request.project)
    }
  }
}

function pageView(of: Resource, form: PageForm, project: string | undefined): Asked {
  const kind = form === 'json' ? 'json' : 'html'
  return {
    kind: 'view',
    view: {
      key: `${of.key}~${form}`,
      of,
      mediaType: mediaTypes[form],
      vary: 'Accept',
      transform:
        project === undefined
          ? { name: `pypi.projects.${kind}`, params: {} }
          : { name: `pypi.${kind}`, params: { project } },
    },
  }
}

/** Its addresses are absolute, so there is one view for each address under which we are reached. */
function projectView(of: Resource, base: string): Asked {
  const place = createHash('sha256').update(base).digest('hex').slice(0, 16)
  return {
    kind: 'view',
    view: {
      key: `${of.key}~${place}`,
      of,
      mediaType: jsonType,
      vary: 'Host',
      transform: { name: 'pypi.project', params: { project: of.name, base } },
    },
  }
}

/** A private name asked for with the client's own credentials: to its source and back, kept for nobody. */
function forwarded(
  resource: Resource,
  /** Media types that the client takes, best first. */
  typesOf: () => readonly string[],
  asking: Asking,
  options: PypiEcosystemOptions,
): Asked | undefined {
  const authorization = asking.header('authorization')
  if (resource.isPrivate !== true || !options.forwardsPrivate || authorization === undefined) return undefined
  const types = typesOf()
  const accept = types.map((type, index) => (index === 0 ? type : `${type};q=0.${9 - index}`)).join(', ')
  return {
    kind: 'forward',
    forward: {
      ecosystem: 'pypi',
      name: resource.name,
      sources: resource.sources,
      path: resource.path,
      method: asking.method,
      headers: { accept, authorization },
      maxRequestBytes: 0,
      maxBytes: resource.maxBytes,
      accepts: types,
      freshMs: 0,
      isPrivate: true,
    },
  }
}

/**
 * The form that the client likes best, then the others that it takes: what is only passed on cannot be turned into
 * another, and many private indexes have HTML alone.
 */
function pageTypes(asking: Asking): string[] {
  return acceptableForms(asking.header('accept'), asking.query).map((form) => bareType(mediaTypes[form]))
}

function bareType(mediaType: string): string {
  return mediaType.replace(/;.*$/, '')
}

function notAcceptable(): Asked {
  const fix = `ask for ${mediaTypes.json}, ${mediaTypes['html-v1']} or text/html`
  return answer(plain(406, 'no form of this page is acceptable to the client', fix, { vary: 'Accept' }))
}

function unknownKey(): Asked {
  return answer(plain(404, 'no such key', undefined))
}

function answer(rendered: Rendered): Asked {
  return { kind: 'answer', answer: rendered }
}
