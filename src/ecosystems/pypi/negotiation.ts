/** Which form of a page a client gets (PEP 691, "Version + format selection"). */

import { remembered } from '../remembered.ts'

/** `html` is `text/html`; `html-v1` is the same under the name of the API's version. */
export type PageForm = 'json' | 'html' | 'html-v1'

export const mediaTypes: Readonly<Record<PageForm, string>> = {
  json: 'application/vnd.pypi.simple.v1+json',
  'html-v1': 'application/vnd.pypi.simple.v1+html',
  html: 'text/html; charset=utf-8',
}

/** What each name may be asked as; `latest` means version 1 until there is another. */
const names: Readonly<Record<string, PageForm>> = {
  'application/vnd.pypi.simple.v1+json': 'json',
  'application/vnd.pypi.simple.latest+json': 'json',
  'application/vnd.pypi.simple.v1+html': 'html-v1',
  'application/vnd.pypi.simple.latest+html': 'html-v1',
  'text/html': 'html',
}

/** In the order of our own liking, where a client likes several as much. */
const preferred: readonly PageForm[] = ['json', 'html-v1', 'html']

const MAX_ACCEPT_LENGTH = 1024

/**
 * The form for `Accept` and the query's `format`, which goes before it; undefined when none fits (406). Nothing
 * but wildcards, or no `Accept` at all, gives `text/html`, as old clients and people expect.
 */
export function chooseForm(accept: string | undefined, query: string): PageForm | undefined {
  if (query !== '') {
    const format = formatOf(query)
    if (format !== undefined) return names[format.toLowerCase()]
  }
  const wish = accept?.trim() ?? ''
  if (wish === '' || wish === '*/*') return 'html'
  if (wish.length > MAX_ACCEPT_LENGTH) return undefined
  return bestOf(wish)
}

/** Every form that a client takes, the one of `chooseForm` first; empty when none fits. */
export function acceptableForms(accept: string | undefined, query: string): readonly PageForm[] {
  const best = chooseForm(accept, query)
  if (best === undefined) return []
  if (formatOf(query) !== undefined) return [best]
  const qualities = qualitiesOf(accept?.trim() || '*/*')
  return [best, ...preferred.filter((form) => form !== best && (qualities[form]?.q ?? 0) > 0)]
}

/** A plus that was written as itself is read as one: no media type holds a space. */
function formatOf(query: string): string | undefined {
  return new URLSearchParams(query).get('format')?.trim().replaceAll(' ', '+')
}

type Qualities = Readonly<Partial<Record<PageForm, { readonly q: number; readonly exactness: number }>>>

function qualitiesOf(accept: string): Qualities {
  const quality: Partial<Record<PageForm, { q: number; exactness: number }>> = {}
  for (const item of accept.split(',')) {
    const [range = '', ...parameters] = item.split(';').map((part) => part.trim())
    const q = qualityOf(parameters)
    for (const [form, exactness] of formsIn(range.toLowerCase())) {
      const known = quality[form]
      // The most exact range decides (RFC 9110, 12.5.1), and of two equal ones the kinder.
      if (
        known === undefined ||
        exactness > known.exactness ||
        (exactness === known.exactness && q > known.q)
      ) {
        quality[form] = { q, exactness }
      }
    }
  }
  return quality
}

const bestOf = remembered((accept: string): PageForm | undefined => {
  const quality = qualitiesOf(accept)
  let best: PageForm | undefined
  for (const form of preferred) {
    const q = quality[form]?.q ?? 0
    if (q > (best === undefined ? 0 : (quality[best]?.q ?? 0))) best = form
  }
  // A wildcard alone says nothing about the API's forms.
  return best !== undefined && quality[best]?.exactness === 0 && quality.html?.q === quality[best]?.q
    ? 'html'
    : best
})

function formsIn(range: string): readonly (readonly [PageForm, exactness: number])[] {
  const form = names[range]
  if (form !== undefined) return [[form, 2]]
  switch (range) {
    case '*/*':
      return preferred.map((each) => [each, 0] as const)
    case 'application/*':
      return [
        ['json', 1],
        ['html-v1', 1],
      ]
    case 'text/*':
      return [['html', 1]]
    default:
      return []
  }
}

/** 0 to 1; a q that cannot be read counts as 0, so that a broken wish is never the first. */
function qualityOf(parameters: readonly string[]): number {
  const written = parameters.find((parameter) => /^q\s*=/i.test(parameter))
  if (written === undefined) return 1
  const value = written.slice(written.indexOf('=') + 1).trim()
  return /^(?:0(?:\.[0-9]*)?|1(?:\.0*)?)$/.test(value) ? Number(value) : 0
}
