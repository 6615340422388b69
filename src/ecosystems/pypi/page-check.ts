/** Whether a body is a page of an index, and of this project: the form checks behind `prove`. */

import type { Verdict } from '../ecosystem.ts'
import { JsonFault } from '../json-scan.ts'
import { htmlFiles, htmlHead, htmlProjects, latin1Of } from './html-page.ts'
import { isPageOf, jsonParts, parsedPage, valueAt } from './json-page.ts'
import { PageFault, readJsonFile } from './page-file.ts'
import { checkProjectJson } from './project-json.ts'
import { normalizeName } from './project-name.ts'

/** By the first sign that is no space: the media type of what is kept is not known any more. */
export function sniffPage(bytes: Uint8Array): 'json' | 'html' | undefined {
  let at = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
  while (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09) at++
  if (bytes[at] === 0x7b) return 'json'
  return bytes[at] === 0x3c ? 'html' : undefined
}

/** A page of `project`, as JSON or HTML. */
export function checkPage(bytes: Uint8Array, project: string): Verdict {
  return judge(`the page of ${project}`, () => {
    if (formOf(bytes) === 'json') {
      checkJsonPage(bytes, project)
      return
    }
    const page = latin1Of(bytes)
    let hasOwn = false
    for (const { file } of htmlFiles(page)) if (isFileOf(file.filename, project)) hasOwn = true
    if (!hasOwn) checkEmptyPage(page)
  })
}

function checkJsonPage(bytes: Uint8Array, project: string): void {
  const page = parsedPage(bytes)
  if (page !== undefined) {
    if (typeof page.name === 'string') checkName(page.name, project)
    for (const file of page.files) readJsonFile(file)
    return
  }
  let hasFiles = false
  for (const part of jsonParts(bytes)) {
    if (part.kind === 'files') hasFiles = true
    else if (part.kind === 'file') readJsonFile(valueAt(bytes, part.file))
    else if (part.kind === 'name') checkName(part.name, project)
  }
  if (!hasFiles) throw new PageFault('it has no files')
}

function checkName(name: string, project: string): void {
  if (!isPageOf(name, project)) throw new PageFault(`it is the page of ${JSON.stringify(name.slice(0, 80))}`)
}

/** The list of all projects. */
export function checkProjects(bytes: Uint8Array): Verdict {
  return judge('the list of projects', () => {
    if (formOf(bytes) === 'json') {
      let hasProjects = false
      for (const { kind } of jsonParts(bytes)) if (kind === 'projects') hasProjects = true
      if (!hasProjects) throw new PageFault('it has no projects')
      return
    }
    const page = latin1Of(bytes)
    let projects = 0
    for (const _ of htmlProjects(page)) projects++
    if (projects === 0 || looksLikePage(page)) checkEmptyPage(page)
  })
}

/** The JSON API's answer for a project, or one version of it. */
export function checkProject(bytes: Uint8Array, project: string): Verdict {
  return judge(`the JSON of ${project}`, () => {
    if (formOf(bytes) !== 'json') throw new PageFault('a web page instead of JSON')
    checkProjectJson(bytes, project)
  })
}

function judge(what: string, check: () => void): Verdict {
  try {
    check()
    return { verdict: 'sound' }
  } catch (error) {
    if (!(error instanceof PageFault) && !(error instanceof JsonFault)) throw error
    return { verdict: 'wrong', reason: `not ${what}: ${error.message}` }
  }
}

/** HTML is read at several times its size; the list of all projects of the public index has 40 MB. */
const MAX_HTML_BYTES = 64 << 20

function formOf(bytes: Uint8Array): 'json' | 'html' {
  const form = sniffPage(bytes)
  if (form === undefined) throw new PageFault('it is neither JSON nor HTML')
  if (form === 'html' && bytes.length > MAX_HTML_BYTES) {
    throw new PageFault(`HTML of more than ${MAX_HTML_BYTES} bytes`)
  }
  return form
}

/** Login pages link to files as well: a client to install, a certificate. */
function isFileOf(filename: string, project: string): boolean {
  const name = normalizeName(filename)
  return name.startsWith(`${project}-`) && /^v?[0-9]/.test(name.slice(project.length + 1))
}

/** A project without files has an honest page too; a login or block page says nothing of an index. */
function checkEmptyPage(page: string): void {
  if (htmlHead(page).isIndex || isTitledAsIndex(page)) return
  throw new PageFault('a web page instead of an index')
}

function isTitledAsIndex(page: string): boolean {
  return /<(?:title|h1)[^>]{0,200}>\s*(?:links for|simple index|simple package|index of)\b/i.test(
    page.slice(0, 16_384),
  )
}

/** What only pages for people have. */
function looksLikePage(page: string): boolean {
  return /<(?:script|form|input)\b/i.test(page)
}
