/** The tags of an HTML page, where they lie: enough of the HTML syntax for indexes, in time that grows with the page. */

import { PageFault } from './page-file.ts'

export interface Attribute {
  /** Lower case. */
  readonly name: string
  /** With character references resolved. */
  readonly value: string
  /** The value with its quotes, as bytes of the page; undefined where there is none. */
  readonly span: { readonly start: number; readonly end: number } | undefined
}

export interface Tag {
  /** Lower case. */
  readonly name: string
  readonly attributes: readonly Attribute[]
  /** From `<` to behind `>`. */
  readonly start: number
  readonly end: number
}

/** A tag with more attributes is no index's. */
const MAX_ATTRIBUTES = 64

/** What stands inside these is text, whatever it looks like. */
const rawText = new Set(['script', 'style', 'textarea', 'title', 'template', 'noscript', 'iframe', 'xmp'])

/**
 * The start tags named in `wanted`, in order. Throws PageFault for a tag that does not end.
 * `page` holds one character a byte (latin1), so places in it are places in the bytes.
 */
export function* startTags(page: string, wanted: ReadonlySet<string>): Generator<Tag> {
  let at = page.indexOf('<')
  while (at >= 0) {
    if (page.startsWith('<!--', at)) {
      // `<!-->` and `<!--->` are whole comments (HTML, 13.2.5.43).
      const end = page.indexOf('-->', at + 2)
      if (end < 0) return
      at = page.indexOf('<', end + 3)
      continue
    }
    const name = nameAt(page, at + 1)
    if (name === '') {
      at = page.indexOf('<', at + 1)
      continue
    }
    if (!wanted.has(name) && !rawText.has(name)) {
      at = page.indexOf('<', endOfTag(page, at + 1 + name.length))
      continue
    }
    const tag = readTag(page, at, name)
    if (wanted.has(name)) yield tag
    at = page.indexOf('<', rawText.has(name) ? endOfRawText(page, tag.end, name) : tag.end)
  }
}

function nameAt(page: string, at: number): string {
  let end = at
  while (end - at < 32 && isNameCode(page.charCodeAt(end), end > at)) end++
  return page.slice(at, end).toLowerCase()
}

function isNameCode(code: number, digits: boolean): boolean {
  const lower = code | 0x20
  return (lower >= 0x61 && lower <= 0x7a) || (digits && ((code >= 0x30 && code <= 0x39) || code === 0x2d))
}

const attribute = /[\s/]*([^\s"'<>/=]+)(\s*=\s*)?/y
const unquoted = /[^\s"'<>`]+/y

function readTag(page: string, start: number, name: string): Tag {
  const attributes: Attribute[] = []
  let at = start + 1 + name.length
  for (;;) {
    attribute.lastIndex = at
    const match = attribute.exec(page)
    if (match === null) return { name, attributes, start, end: endOfTag(page, at) }
    if (attributes.length >= MAX_ATTRIBUTES) throw new PageFault('a tag has too many attributes')
    at = attribute.lastIndex
    const attributeName = (match[1] ?? '').toLowerCase()
    if (match[2] === undefined) {
      attributes.push({ name: attributeName, value: '', span: undefined })
      continue
    }
    const end = endOfValue(page, at)
    const quoted = page[at] === '"' || page[at] === "'"
    const raw = quoted ? page.slice(at + 1, end - 1) : page.slice(at, end)
    attributes.push({ name: attributeName, value: textOf(raw), span: { start: at, end } })
    at = end
  }
}

function endOfValue(page: string, at: number): number {
  const quote = page[at]
  if (quote === '"' || quote === "'") {
    const end = page.indexOf(quote, at + 1)
    if (end < 0) throw new PageFault('an attribute has no end')
    return end + 1
  }
  unquoted.lastIndex = at
  return unquoted.test(page) ? unquoted.lastIndex : at
}

/** Behind the `>` of a tag, past quoted values. */
function endOfTag(page: string, start: number): number {
  let at = start
  for (;;) {
    const code = page.charCodeAt(at)
    if (Number.isNaN(code)) throw new PageFault('a tag has no end')
    if (code === 0x3e) return at + 1
    // A quote counts only behind a `=`; elsewhere it is a mistake that browsers read over.
    if ((code === 0x22 || code === 0x27) && /=\s*$/.test(page.slice(Math.max(start, at - 8), at))) {
      at = endOfValue(page, at)
    } else {
      at++
    }
  }
}

function endOfRawText(page: string, at: number, name: string): number {
  const close = new RegExp(`</${name}`, 'gi')
  close.lastIndex = at
  return close.test(page) ? close.lastIndex : page.length
}

const references: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
}

/** The text of a value: its bytes read as UTF-8, its character references resolved. */
function textOf(raw: string): string {
  const text = /[\x80-\xff]/.test(raw) ? Buffer.from(raw, 'latin1').toString('utf8') : raw
  if (!text.includes('&')) return text
  return text.replace(/&(?:#x([0-9a-f]{1,6})|#([0-9]{1,7})|([a-z]{2,4}));/gi, (whole, hex, decimal, name) => {
    if (name !== undefined) return references[String(name).toLowerCase()] ?? whole
    const code = hex === undefined ? Number(decimal) : Number.parseInt(String(hex), 16)
    return code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff)
      ? String.fromCodePoint(code)
      : whole
  })
}

/** Text as it may stand in an attribute or between tags; ASCII, so that no charset can spoil it. */
export function escapeHtml(text: string): string {
  return text.toWellFormed().replace(/[&<>"']|[^\x20-\x7e]/gu, (char) => {
    switch (char) {
      case '&':
        return '&amp;'
      case '<':
        return '&lt;'
      case '>':
        return '&gt;'
      case '"':
        return '&quot;'
      default:
        return `&#${char.codePointAt(0)};`
    }
  })
}

export function attributeOf(tag: Tag, name: string): Attribute | undefined {
  return tag.attributes.find((attribute) => attribute.name === name)
}
