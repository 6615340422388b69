import { SettingsFileError } from './file-text.ts'
import { lineNumber } from './text-lines.ts'

export interface XmlElement {
  /** Without a namespace prefix. */
  readonly name: string
  readonly start: number
  /** The offset after its start tag. */
  readonly body: number
  /** The offset of its end tag; equal to `body` when it is empty. */
  readonly bodyEnd: number
  readonly end: number
  /** `<name/>`. */
  readonly selfClosing: boolean
  readonly children: readonly XmlElement[]
}

type Open = { -readonly [Key in keyof XmlElement]: XmlElement[Key] } & { children: XmlElement[] }

const TOKEN =
  /<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>|<\?[\s\S]*?\?>|<!DOCTYPE[^>]*>|<(\/?)([^\s/>!?]+)((?:[^>"']|"[^"]*"|'[^']*')*?)(\/?)>/g

/** Elements and where they stand; comments, CDATA and instructions are passed over. Throws a SettingsFileError. */
export function scanXml(text: string): XmlElement | undefined {
  const open: Open[] = []
  let root: XmlElement | undefined
  for (const match of text.matchAll(TOKEN)) {
    const [token, slash, tag, , closing] = match
    if (tag === undefined) continue
    const name = tag.replace(/^.*:/, '')
    const end = match.index + token.length
    if (slash === '/') {
      const element = open.pop()
      if (element?.name !== name) throw wrong(text, match.index, `</${tag}> closes nothing`)
      element.bodyEnd = match.index
      element.end = end
      const parent = open.at(-1)
      if (parent === undefined) root ??= element
      else parent.children.push(element)
      continue
    }
    const selfClosing = closing === '/'
    const element: Open = {
      name,
      start: match.index,
      body: end,
      bodyEnd: end,
      end,
      selfClosing,
      children: [],
    }
    if (!selfClosing) open.push(element)
    else if (open.length > 0) open.at(-1)?.children.push(element)
    else root ??= element
  }
  const left = open.at(-1)
  if (left !== undefined) throw wrong(text, left.start, `<${left.name}> does not close`)
  return root
}

/** Its text without comments around it, entities resolved. */
export function xmlText(text: string, element: XmlElement | undefined): string | undefined {
  return (
    element &&
    unescapeXml(
      text
        .slice(element.body, element.bodyEnd)
        .replace(/<!--[\s\S]*?-->/g, '')
        .trim(),
    )
  )
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' }

function unescapeXml(text: string): string {
  return text.replace(/&(lt|gt|quot|apos|amp);/g, (_, name) => ENTITIES[name] ?? '')
}

export function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

function wrong(text: string, offset: number, what: string): SettingsFileError {
  return new SettingsFileError(
    `line ${lineNumber(text, offset)} is no XML: ${what}`,
    'put that line right first',
  )
}
