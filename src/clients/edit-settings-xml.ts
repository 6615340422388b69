import { whole } from './editing.ts'
import { SettingsFileError } from './file-text.ts'
import { escapeXml, scanXml, type XmlElement, xmlText } from './scan-xml.ts'
import { lineEnd, withSpan } from './text-lines.ts'

/** A `<mirror>` of Maven's settings.xml. */
export interface MavenMirror {
  readonly id: string
  readonly url: string
  /** As written: `central`, `*,!corp`, `external:*`. */
  readonly mirrorOf: string
  readonly element: XmlElement
}

export function readMirrors(text: string): readonly MavenMirror[] {
  const mirrors = child(settingsOf(text), 'mirrors')
  return (mirrors?.children ?? [])
    .filter(({ name }) => name === 'mirror')
    .map((element) => ({
      id: xmlText(text, child(element, 'id')) ?? '',
      url: xmlText(text, child(element, 'url')) ?? '',
      mirrorOf: xmlText(text, child(element, 'mirrorOf')) ?? '',
      element,
    }))
}

/** The mirror that Maven takes for a repository: the first that names it, else the first whose pattern fits. */
export function mirrorFor(mirrors: readonly MavenMirror[], repository: string): MavenMirror | undefined {
  return (
    mirrors.find(({ mirrorOf }) => mirrorOf === repository) ??
    mirrors.find(({ mirrorOf }) => fits(mirrorOf, repository))
  )
}

/** As org.apache.maven.repository.internal's DefaultMirrorSelector reads a list; the repository is a remote one. */
function fits(patterns: string, repository: string): boolean {
  let fit = false
  for (const pattern of patterns.split(',')) {
    if (pattern === `!${repository}`) return false
    if (pattern === repository) return true
    if (pattern === '*' || pattern === 'external:*') fit = true
  }
  return fit
}

export interface WantedMirror {
  readonly id: string
  readonly name: string
  readonly url: string
  readonly mirrorOf: string
}

/** Sets the address of the mirror with this id, else puts it before all others, where it wins among its equals. */
export function setMirror(text: string, wanted: WantedMirror): string {
  return whole(withMirror(text, wanted), `mirror ${wanted.id}`, (edited) =>
    readMirrors(edited).some(({ id, url }) => id === wanted.id && url === wanted.url),
  )
}

function withMirror(text: string, wanted: WantedMirror): string {
  const end = lineEnd(text)
  if (text.trim() === '') {
    const body = block(wanted, '    ', '  ', end)
    return `<settings>${end}  <mirrors>${end}${body}${end}  </mirrors>${end}</settings>${end}`
  }
  const mine = readMirrors(text).find(({ id }) => id === wanted.id)
  if (mine !== undefined) {
    const url = child(mine.element, 'url')
    if (url === undefined || url.selfClosing)
      throw new SettingsFileError(`mirror '${wanted.id}' has no url`, 'remove it')
    return mine.url === wanted.url ? text : withSpan(text, url.body, url.bodyEnd, escapeXml(wanted.url))
  }
  const settings = settingsOf(text)
  if (settings === undefined) throw new SettingsFileError('it has no <settings>', 'put the file right first')
  const mirrors = child(settings, 'mirrors')
  if (mirrors !== undefined) {
    const outer = indentAt(text, mirrors.start)
    const unit = unitOf(text, settings)
    const body = `${end}${block(wanted, outer + unit, unit, end)}`
    if (mirrors.selfClosing) {
      return withSpan(text, mirrors.start, mirrors.end, `<mirrors>${body}${end}${outer}</mirrors>`)
    }
    const tail = text.slice(mirrors.body, mirrors.bodyEnd).trim() === '' ? `${end}${outer}` : ''
    return tail === ''
      ? withSpan(text, mirrors.body, mirrors.body, body)
      : withSpan(text, mirrors.body, mirrors.bodyEnd, body + tail)
  }
  const unit = unitOf(text, settings)
  const inner = indentAt(text, settings.start) + unit
  const whole = `${inner}<mirrors>${end}${block(wanted, inner + unit, unit, end)}${end}${inner}</mirrors>`
  if (settings.selfClosing) {
    const open = text.slice(settings.start, settings.end).replace(/\s*\/>$/, '>')
    return withSpan(text, settings.start, settings.end, `${open}${end}${whole}${end}</settings>`)
  }
  return withSpan(text, settings.body, settings.body, `${end}${whole}`)
}

function settingsOf(text: string): XmlElement | undefined {
  const root = scanXml(text)
  return root?.name === 'settings' ? root : undefined
}

function child(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((one) => one.name === name)
}

function block({ id, name, url, mirrorOf }: WantedMirror, indent: string, unit: string, end: string): string {
  return [
    `${indent}<mirror>`,
    `${indent}${unit}<id>${escapeXml(id)}</id>`,
    `${indent}${unit}<name>${escapeXml(name)}</name>`,
    `${indent}${unit}<url>${escapeXml(url)}</url>`,
    `${indent}${unit}<mirrorOf>${escapeXml(mirrorOf)}</mirrorOf>`,
    `${indent}</mirror>`,
  ].join(end)
}

/** One step of indentation: that of the first element below the root. */
function unitOf(text: string, settings: XmlElement): string {
  const first = settings.children[0]
  const indent =
    first === undefined ? '' : indentAt(text, first.start).slice(indentAt(text, settings.start).length)
  return indent === '' ? '  ' : indent
}

function indentAt(text: string, offset: number): string {
  const line = text.slice(text.lastIndexOf('\n', offset - 1) + 1, offset)
  return /^[ \t]*$/.test(line) ? line : ''
}
