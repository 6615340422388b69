/** What the renderer's program knows of PyPI: its transforms and its form checks, by name. */

import type { Transform, Verdict } from '../ecosystem.ts'
import { writeCandidates } from './candidates.ts'
import { writeFilesMap } from './files-map.ts'
import {
  htmlFiles,
  htmlHead,
  htmlProjects,
  latin1Of,
  rewriteHtmlPage,
  rewriteHtmlProjects,
  versionsOf,
  writeHtmlPage,
  writeHtmlProjects,
} from './html-page.ts'
import {
  jsonFiles,
  jsonParts,
  jsonProjects,
  jsonStatus,
  rewriteJsonPage,
  writeJsonPage,
} from './json-page.ts'
import { checkPage, checkProject, checkProjects, sniffPage } from './page-check.ts'
import { PageFault, type PageFile } from './page-file.ts'
import { inPieces } from './pieces.ts'
import { rewriteProjectJson } from './project-json.ts'
import { metadataOfBytes } from './wheel-metadata.ts'

type Params = Readonly<Record<string, string>>
const MAX_METADATA_BYTES = 16 << 20

type Body = Iterable<Uint8Array | string>

/** Makes the transform of one kind of body, from JSON and from HTML. */
function transform(from: {
  json(bytes: Uint8Array, params: Params): Body
  html(bytes: Uint8Array, params: Params): Body
}): Transform {
  return ({ body, params }) => {
    const form = sniffPage(body)
    if (form === undefined) throw new PageFault('it is neither JSON nor HTML')
    return inPieces(from[form](withoutMark(body), params))
  }
}

/** `pypi.files` and `pypi.candidates`: what a project's page says of its files, for ourselves; a small one at once. */
export const pypiLightTransforms: Readonly<Record<string, Transform>> = {
  'pypi.files': transform({
    json: (bytes) => writeFilesMap(jsonFiles(bytes), undefined),
    html: (bytes) => {
      const page = latin1Of(bytes)
      return writeFilesMap(filesIn(page), htmlHead(page).base)
    },
  }),
  'pypi.candidates': transform({
    json: (bytes, params) => writeCandidates(jsonFiles(bytes), projectOf(params)),
    html: (bytes, params) => writeCandidates(filesIn(latin1Of(bytes)), projectOf(params)),
  }),
}

/**
 * `pypi.json` and `pypi.html`: a project's page with our addresses.
 * `pypi.metadata`: what a wheel holds of it. `pypi.projects.json` and `.html`: the list of projects. `pypi.project`: the JSON API's answer.
 */
export const pypiTransforms: Readonly<Record<string, Transform>> = {
  ...pypiLightTransforms,
  'pypi.json': transform({
    json: (bytes, params) => rewriteJsonPage(bytes, projectOf(params)),
    html: function* (bytes, params) {
      const project = projectOf(params)
      const page = latin1Of(bytes)
      const versions = versionsOf(filesIn(page), project)
      yield* writeJsonPage(project, filesIn(page), { versions, status: htmlHead(page).status })
    },
  }),
  'pypi.html': transform({
    json: (bytes, params) => writeHtmlPage(projectOf(params), jsonFiles(bytes), jsonStatus(bytes)),
    html: (bytes, params) => rewriteHtmlPage(bytes, projectOf(params)),
  }),
  'pypi.metadata': ({ body, params }) => [metadataOfBytes(body, projectOf(params), MAX_METADATA_BYTES)],
  'pypi.projects.json': transform({
    json: (bytes) => {
      for (const _ of jsonParts(bytes));
      return [bytes]
    },
    html: function* (bytes) {
      yield '{"meta":{"api-version":"1.0"},"projects":['
      let separator = ''
      for (const { name } of htmlProjects(latin1Of(bytes))) {
        yield `${separator}{"name":${JSON.stringify(name)}}`
        separator = ','
      }
      yield ']}'
    },
  }),
  'pypi.projects.html': transform({
    json: (bytes) => writeHtmlProjects(jsonProjects(bytes)),
    html: (bytes) => rewriteHtmlProjects(bytes),
  }),
  'pypi.project': transform({
    json: (bytes, params) => rewriteProjectJson(bytes, projectOf(params), params.base ?? ''),
    html: () => {
      throw new PageFault('a web page instead of JSON')
    },
  }),
}

/** Form checks of what is fetched: in the renderer's thread too, because pages can be large. */
export const pypiChecks: Readonly<Record<string, (body: Uint8Array, params: Params) => Verdict>> = {
  'pypi.page': (body, params) => checkPage(body, projectOf(params)),
  'pypi.projects': (body) => checkProjects(body),
  'pypi.project': (body, params) => checkProject(body, projectOf(params)),
}

/** A byte order mark is no JSON (RFC 8259, 8.1), and some clients take none. */
function withoutMark(body: Uint8Array): Uint8Array {
  return body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? body.subarray(3) : body
}

function* filesIn(page: string): Generator<PageFile> {
  for (const { file } of htmlFiles(page)) yield file
}

function projectOf({ project }: Params): string {
  if (project === undefined) throw new Error('a transform of PyPI needs the name of the project')
  return project
}
