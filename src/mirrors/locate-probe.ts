/** Where a pinned file lies at a mirror, and which versions a canary's page names: one way for each ecosystem. */

import type { Canary, EcosystemName, PinnedProbe } from './catalogue.ts'

/** Fetches a document below the base (or an absolute address) and gives its text and its final address. */
export type ReadPage = (path: string) => Promise<{ readonly text: string; readonly url: URL }>

/**
 * The address of a probe's bytes. Go, npm and Maven have them at the path itself; PyPI's path is `project/file`,
 * found by the project's index page; Cargo's is `crate/version`, found by the index's config.json.
 * Undefined when the mirror does not tell one.
 */
export async function locateProbe(
  ecosystem: EcosystemName,
  base: URL,
  { path }: PinnedProbe,
  readPage: ReadPage,
): Promise<URL | undefined> {
  switch (ecosystem) {
    case 'go':
    case 'npm':
    case 'maven':
      return below(base, path)
    case 'pypi': {
      const [project = '', file = ''] = path.split('/')
      const page = await readPage(`${project}/`)
      const href = hrefsOf(page.text).find((candidate) => fileOf(candidate) === file)
      return (
        (href === undefined ? undefined : URL.parse(href.replace(/#.*$/, ''), page.url.href)) ?? undefined
      )
    }
    case 'cargo': {
      const [crate = '', version = ''] = path.split('/')
      const { text } = await readPage('config.json')
      const dl = Reflect.get(asObject(parseJson(text)), 'dl')
      return typeof dl === 'string' ? (URL.parse(crateAddress(dl, crate, version)) ?? undefined) : undefined
    }
  }
}

/** The versions (PyPI: file names) that a canary's document names. */
export function versionsOf(ecosystem: EcosystemName, text: string): ReadonlySet<string> {
  switch (ecosystem) {
    case 'go':
      return new Set(text.split('\n').flatMap((line) => line.trim().split(/\s+/, 1).filter(Boolean)))
    case 'npm': {
      const version = Reflect.get(asObject(parseJson(text)), 'version')
      return new Set(typeof version === 'string' && /^\d+\.\d+\.\d+/.test(version) ? [version] : [])
    }
    case 'pypi':
      return new Set(hrefsOf(text).map(fileOf))
    case 'cargo':
      return new Set(
        text.split('\n').flatMap((line) => {
          const version = Reflect.get(asObject(parseJson(line)), 'vers')
          return typeof version === 'string' ? [version] : []
        }),
      )
    case 'maven':
      return new Set(
        [...text.matchAll(/<version>\s*([^<\s]+)\s*<\/version>/g)].map((match) => match[1] ?? ''),
      )
  }
}

/** Where a canary's document lies. */
export function canaryAddress(base: URL, canary: Canary): URL {
  return below(base, canary.path)
}

/** An address below a base, whether or not the base ends with a slash. */
export function below(base: URL, path: string): URL {
  return new URL(path, base.href.endsWith('/') ? base : `${base.href}/`)
}

function hrefsOf(html: string): string[] {
  return [...html.matchAll(/<a\b[^>]*?\bhref\s*=\s*"([^"]*)"/gi)].map((match) =>
    (match[1] ?? '').replaceAll('&amp;', '&'),
  )
}

function fileOf(href: string): string {
  return (
    href
      .replace(/[?#].*$/, '')
      .split('/')
      .at(-1) ?? ''
  )
}

/** The `dl` template of a registry's config.json (The Cargo Book, "Index Format"). */
function crateAddress(dl: string, crate: string, version: string): string {
  const prefix =
    crate.length <= 2
      ? `${crate.length}`
      : crate.length === 3
        ? `3/${crate[0]}`
        : `${crate.slice(0, 2)}/${crate.slice(2, 4)}`
  const markers: Readonly<Record<string, string>> = {
    '{crate}': crate,
    '{version}': version,
    '{prefix}': prefix,
    '{lowerprefix}': prefix.toLowerCase(),
  }
  const filled = dl.replaceAll(/\{[a-z]+\}/g, (marker) => markers[marker] ?? marker)
  return filled === dl ? `${dl}/${crate}/${version}/download` : filled
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // A mirror that does not say it in JSON does not say it.
    return undefined
  }
}

function asObject(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {}
}
