/** Pages and lists of projects as HTML (PEP 503): read, rewritten in their own bytes, or written from files. */

import { isDistributionName, parseDistribution } from './distribution-file.ts'
import { attributeOf, escapeHtml, startTags, type Tag } from './html-tags.ts'
import { type PageStatus, servedProvenance } from './json-page.ts'
import { checkedFileName, type Hashes, type PageFile, servedUrl, withoutFragment } from './page-file.ts'
import { isProjectName, normalizeName } from './project-name.ts'

const anchors = new Set(['a'])
const anchorsAndBase = new Set(['a', 'base'])
const heads = new Set(['base', 'meta'])

/** One character a byte. */
export function latin1Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
}

interface Linked {
  readonly tag: Tag
  readonly href: { readonly value: string; readonly span: { readonly start: number; readonly end: number } }
  readonly file: PageFile
}

/** The files that a page links to. Links to anything else are passed over. */
export function* htmlFiles(page: string): Generator<Linked> {
  for (const tag of startTags(page, anchors)) {
    const linked = linkedFile(tag)
    if (linked !== undefined) yield linked
  }
}

function linkedFile(tag: Tag): Linked | undefined {
  const href = attributeOf(tag, 'href')
  if (href?.span === undefined) return undefined
  const url = withoutFragment(href.value.trim())
  const name = lastElement(url)
  if (!isDistributionName(name) || /^(?:git|hg|svn|bzr)\+/i.test(url)) return undefined
  const fragment = href.value.slice(href.value.indexOf('#') + 1)
  const yanked = attributeOf(tag, 'data-yanked')
  return {
    tag,
    href: { value: href.value, span: href.span },
    file: {
      filename: checkedFileName(name),
      url,
      hashes: href.value.includes('#') ? hashesIn(fragment) : {},
      requiresPython: dataOf(tag, 'data-requires-python'),
      coreMetadata: metadataOf(dataOf(tag, 'data-core-metadata') ?? dataOf(tag, 'data-dist-info-metadata')),
      gpgSig: { true: true, false: false }[dataOf(tag, 'data-gpg-sig') ?? ''],
      yanked: yanked === undefined ? undefined : yanked.value === '' ? true : yanked.value,
      size: undefined,
      uploadTime: undefined,
      provenance: dataOf(tag, 'data-provenance'),
    },
  }
}

function dataOf(tag: Tag, name: string): string | undefined {
  const value = attributeOf(tag, name)?.value
  return value === '' ? undefined : value
}

function metadataOf(written: string | undefined): true | Hashes | undefined {
  if (written === undefined || written === 'false') return undefined
  const hashes = hashesIn(written)
  return Object.keys(hashes).length > 0 ? hashes : true
}

/** `sha256=HEX` among what a fragment says; the algorithms are those that pip knows. */
function hashesIn(text: string): Hashes {
  const hashes: Record<string, string> = {}
  for (const [, name = '', hex = ''] of text.matchAll(
    /(?:^|&)(sha(?:256|384|512|224|1)|md5)=([0-9a-f]{1,128})(?=&|$)/gi,
  )) {
    // Clients compare the digits as they stand.
    hashes[name.toLowerCase()] ??= hex.toLowerCase()
  }
  return hashes
}

function lastElement(url: string): string {
  const path = url.replace(/[?#].*$/s, '')
  const last = path.slice(path.lastIndexOf('/') + 1)
  try {
    return decodeURIComponent(last)
  } catch {
    // Written by hand with a bare percent sign: the name as it stands.
    return last
  }
}

export interface HtmlHead {
  /** What relative links are relative to, where the page itself says so. */
  readonly base: string | undefined
  /** It says that it speaks this API (PEP 629). */
  readonly isIndex: boolean
  readonly status: PageStatus | undefined
}

export function htmlHead(page: string): HtmlHead {
  let base: string | undefined
  const metas = new Map<string, string>()
  for (const tag of startTags(page, heads)) {
    if (tag.name === 'base') base ??= attributeOf(tag, 'href')?.value
    else
      metas.set(attributeOf(tag, 'name')?.value.toLowerCase() ?? '', attributeOf(tag, 'content')?.value ?? '')
  }
  const status = metas.get('pypi:project-status')
  return {
    base,
    isIndex: metas.has('pypi:repository-version'),
    status: status === undefined ? undefined : { status, reason: metas.get('pypi:project-status-reason') },
  }
}

/** A source's page is shown under our own address, where a script of it could use the admin API. */
export const scriptGuard = `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; form-action 'none'">`

/**
 * Before anything that a browser would run or that would end the head, where alone it counts; behind the doctype,
 * which pip 22.0 wants to see first.
 */
function guardPlace(page: string): number {
  return /^[\t\n\f\r ]*<!doctype[^>]*>/i.exec(page)?.[0].length ?? 0
}

/**
 * The same page with our addresses in each `href` of a file, and no script that runs; a `base` would lead the
 * addresses astray and is left out.
 */
export function* rewriteHtmlPage(bytes: Uint8Array, project: string): Generator<Uint8Array | string> {
  const page = latin1Of(bytes)
  let done = guardPlace(page)
  yield bytes.subarray(0, done)
  yield scriptGuard
  for (const tag of startTags(page, anchorsAndBase)) {
    if (tag.name === 'base') {
      yield bytes.subarray(done, tag.start)
      done = tag.end
      continue
    }
    const linked = linkedFile(tag)
    if (linked === undefined) continue
    const { href, file } = linked
    const url = servedUrl(project, file)
    const at = href.value.indexOf('#')
    const changes = [{ span: href.span, text: at < 0 ? url : url + href.value.slice(at).trimEnd() }]
    const provenance = attributeOf(tag, 'data-provenance')
    if (provenance?.span !== undefined && provenance.value !== '') {
      const text = servedProvenance(project, file, provenance.value)
      if (text !== provenance.value) changes.push({ span: provenance.span, text })
    }
    for (const { span, text } of changes.sort((a, b) => a.span.start - b.span.start)) {
      yield bytes.subarray(done, span.start)
      yield `"${escapeHtml(text)}"`
      done = span.end
    }
  }
  yield bytes.subarray(done)
}

/** A page as HTML, from files that were found elsewhere. */
export function* writeHtmlPage(
  project: string,
  files: Iterable<PageFile>,
  status: PageStatus | undefined,
): Generator<string> {
  const title = `Links for ${escapeHtml(project)}`
  const version = status === undefined ? '1.3' : '1.4'
  yield `<!DOCTYPE html>\n<html>\n<head>\n<meta name="pypi:repository-version" content="${version}">\n`
  if (status !== undefined) {
    yield `<meta name="pypi:project-status" content="${escapeHtml(status.status)}">\n`
    if (status.reason !== undefined) {
      yield `<meta name="pypi:project-status-reason" content="${escapeHtml(status.reason)}">\n`
    }
  }
  yield `<title>${title}</title>\n</head>\n<body>\n<h1>${title}</h1>\n`
  for (const file of files) yield anchorOf(project, file)
  yield '</body>\n</html>\n'
}

function anchorOf(project: string, file: PageFile): string {
  const { hashes, requiresPython, coreMetadata, gpgSig, yanked, provenance } = file
  const attributes: [name: string, value: string][] = [
    ['href', servedUrl(project, file) + fragmentFor(hashes)],
  ]
  if (requiresPython !== undefined) attributes.push(['data-requires-python', requiresPython])
  if (coreMetadata !== undefined) {
    const value = coreMetadata === true ? 'true' : metadataText(coreMetadata)
    attributes.push(['data-dist-info-metadata', value], ['data-core-metadata', value])
  }
  if (gpgSig !== undefined) attributes.push(['data-gpg-sig', String(gpgSig)])
  if (yanked !== undefined) attributes.push(['data-yanked', yanked === true ? '' : yanked])
  if (provenance !== undefined) {
    attributes.push(['data-provenance', servedProvenance(project, file, provenance)])
  }
  const written = attributes.map(([name, value]) => ` ${name}="${escapeHtml(value)}"`).join('')
  return `<a${written}>${escapeHtml(file.filename)}</a><br>\n`
}

/** One hash fits into a fragment: the best of those that clients know. */
function fragmentFor(hashes: Hashes): string {
  const name = ['sha256', 'sha512', 'sha384', 'sha224', 'sha1', 'md5'].find(
    (each) => hashes[each] !== undefined,
  )
  return name === undefined ? '' : `#${name}=${hashes[name]}`
}

function metadataText(hashes: Hashes): string {
  const [first] = Object.entries({ ...(hashes.sha256 && { sha256: hashes.sha256 }), ...hashes })
  return first === undefined ? 'true' : `${first[0]}=${first[1]}`
}

/** The versions that the names of files tell, in their order on the page. */
export function versionsOf(files: Iterable<PageFile>, project: string): string[] {
  const versions = new Set<string>()
  for (const { filename } of files) {
    const { version } = parseDistribution(filename, project)
    if (version !== undefined) versions.add(version)
  }
  return [...versions]
}

interface LinkedProject {
  readonly name: string
  readonly span: { readonly start: number; readonly end: number }
}

/** The projects that a list links to: by a relative link, or by one that ends in `/simple/NAME/`. */
export function* htmlProjects(page: string): Generator<LinkedProject> {
  for (const tag of startTags(page, anchors)) {
    const href = attributeOf(tag, 'href')
    if (href?.span === undefined) continue
    const path = href.value.trim().replace(/[?#].*$/s, '')
    const isAbsolute = /^(?:[a-z][a-z0-9+.-]*:)?\/\//i.test(path)
    if (isAbsolute && !/\/simple\/[^/]+\/?$/.test(path)) continue
    const name = lastElement(path.replace(/\/$/, ''))
    if (isProjectName(name)) yield { name, span: href.span }
  }
}

/** The same list with links that are relative to our own, and no script that runs. */
export function* rewriteHtmlProjects(bytes: Uint8Array): Generator<Uint8Array | string> {
  const page = latin1Of(bytes)
  let done = guardPlace(page)
  yield bytes.subarray(0, done)
  yield scriptGuard
  for (const { name, span } of htmlProjects(page)) {
    yield bytes.subarray(done, span.start)
    yield `"${normalizeName(name)}/"`
    done = span.end
  }
  yield bytes.subarray(done)
}

/** A list of projects as HTML. */
export function* writeHtmlProjects(names: Iterable<string>): Generator<string> {
  yield '<!DOCTYPE html>\n<html>\n<head>\n<meta name="pypi:repository-version" content="1.3">\n'
  yield '<title>Simple index</title>\n</head>\n<body>\n'
  for (const name of names) yield `<a href="${normalizeName(name)}/">${escapeHtml(name)}</a><br>\n`
  yield '</body>\n</html>\n'
}
