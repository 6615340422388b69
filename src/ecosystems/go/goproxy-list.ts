/** The grammar of GOPROXY, as cmd/go reads it (`modfetch.proxyList`). */

export type GoproxyStep =
  | {
      readonly kind: 'source'
      /** Absolute `http:`, `https:` or `file:` address without a trailing slash; may hold credentials. */
      readonly url: string
      /** `,`: go on at 404 and 410 only. `|`: go on at any error. Undefined for the last step. */
      readonly next: ',' | '|' | undefined
    }
  | { readonly kind: 'direct' }
  | { readonly kind: 'off' }

export interface GoproxyProblem {
  /** The element as written, with credentials masked; empty when the whole list is at fault. */
  readonly element: string
  readonly reason: string
  readonly fix: string
}

export type GoproxyList =
  | { readonly ok: true; readonly steps: readonly GoproxyStep[] }
  | { readonly ok: false; readonly problems: readonly GoproxyProblem[] }

/**
 * Reads a GOPROXY string: blanks are skipped, spaces trimmed, nothing after `direct` or `off` is read, and an
 * address without a scheme gets `https://`. The separator that counts is the one right after an element. All
 * problems are given, not only the first. Stricter than Go for addresses that cannot work as a base (no host, a
 * query, a fragment).
 */
export function parseGoproxyList(text: string): GoproxyList {
  const steps: GoproxyStep[] = []
  const problems: GoproxyProblem[] = []
  for (const [, raw = '', separator = ''] of text.matchAll(/([^,|]*)([,|]|$)/g)) {
    const element = raw.trim()
    if (element === '') continue
    if (element === 'direct' || element === 'off') {
      steps.push({ kind: element })
      break
    }
    const address = parseAddress(element)
    if ('reason' in address) problems.push({ ...address, element: maskCredentials(element) })
    else steps.push({ kind: 'source', url: address.url, next: separator === '|' ? '|' : ',' })
  }
  if (problems.length > 0) return { ok: false, problems }
  if (steps.length === 0) {
    return {
      ok: false,
      problems: [
        { element: '', reason: 'the list names no source', fix: 'name an address, or `direct`, or `off`' },
      ],
    }
  }
  const last = steps.at(-1)
  if (last?.kind === 'source') steps[steps.length - 1] = { ...last, next: undefined }
  return { ok: true, steps }
}

/** The text with the user information of every address in it replaced by `***`. */
export function maskCredentials(text: string): string {
  return text.replace(/(:\/\/)[^/?#\s,|]*@/g, '$1***@')
}

function parseAddress(element: string): { url: string } | { reason: string; fix: string } {
  const schemeless = /[.:/]/.test(element) && !element.includes(':/') && !element.startsWith('/')
  const address = schemeless ? `https://${element}` : element
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(address)?.[1]?.toLowerCase()
  if (scheme === undefined) {
    const fix = element.startsWith('/')
      ? `write file://${element}`
      : 'write a full address, `direct` or `off`'
    return { reason: 'it has no scheme', fix }
  }
  if (scheme !== 'http' && scheme !== 'https' && scheme !== 'file') {
    return { reason: `the scheme ${scheme} is not one of http, https and file`, fix: 'use an https address' }
  }
  // The WHATWG parser repairs these in silence, Go does not.
  if (/[\s\\]/.test(address)) {
    return { reason: 'it holds a space or a backslash', fix: 'separate addresses by `,` or `|`' }
  }
  if (scheme === 'file' && !/^file:\/(\/\/|[^/])/i.test(address)) {
    return { reason: 'a file address may carry only a path', fix: 'write file:///absolute/path' }
  }
  if (scheme !== 'file' && !/^https?:\/\/[^/]/i.test(address)) {
    return { reason: 'it has no host', fix: `write ${scheme}://host/path` }
  }
  if (/[?#]/.test(address)) {
    return { reason: 'a base address has no query and no fragment', fix: 'remove what follows ? or #' }
  }
  const url = URL.parse(address)
  if (url === null) return { reason: 'it is no valid address', fix: 'write https://host[:port][/path]' }
  return { url: url.href.replace(/\/$/, '') }
}
