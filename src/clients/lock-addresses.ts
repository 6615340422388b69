import type { EcosystemId } from '../ecosystems/ecosystem.ts'

/** Addresses that a lock file remembers, and how they are put right. Pure. */

export interface LockAddress {
  readonly url: string
  readonly start: number
  readonly end: number
}

const ADDRESS = /https?:\/\/[^\s"'<>(),}\]]+/g

/** Every address in the text, with the place where it stands. */
export function lockAddresses(text: string): LockAddress[] {
  return [...text.matchAll(ADDRESS)].map(({ 0: url, index }) => ({
    url,
    start: index,
    end: index + url.length,
  }))
}

/** How many addresses each host has, most first. */
export function hostsIn(
  addresses: readonly LockAddress[],
): readonly (readonly [host: string, count: number])[] {
  const counts = new Map<string, number>()
  for (const { url } of addresses) {
    const host = URL.parse(url)?.host
    if (host !== undefined) counts.set(host, (counts.get(host) ?? 0) + 1)
  }
  return [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
}

/** Where addresses are led to, without a slash at the end. */
export interface LockTarget {
  /** The registry, or the simple index. */
  readonly index: string
  /** PyPI only: what stands before `/packages/` in the addresses of files. */
  readonly files?: string
}

/**
 * The same thing at another registry: undefined for what is no package of this ecosystem. npm's file name is made
 * again from the name, since old mirrors had paths of their own (`/x/download/x-1.0.0.tgz?cache=0`); a hash behind
 * `#` stays.
 */
export function movedAddress(url: string, ecosystem: EcosystemId, target: LockTarget): string | undefined {
  const { pathname = '', hash = '' } = URL.parse(url) ?? {}
  if (ecosystem === 'npm') {
    const found =
      /\/((?:@[^/]+\/|%40[^/]+(?:\/|%2f))?[^/]+)\/(?:-|download)\/(?:@[^/]+\/)?([^/]+\.tgz)$/i.exec(pathname)
    const [, name, file] = found ?? []
    return name === undefined || file === undefined ? undefined : `${target.index}/${name}/-/${file}${hash}`
  }
  if (ecosystem === 'pypi') {
    const file = /\/packages\/.+$/.exec(pathname)?.[0]
    if (file !== undefined) return target.files === undefined ? undefined : `${target.files}${file}${hash}`
    return /\/simple\/?$/.test(pathname) ? target.index + (pathname.endsWith('/') ? '/' : '') : undefined
  }
  return undefined
}

export interface Rewrite {
  readonly text: string
  readonly moved: number
  /** Addresses at those hosts whose form is not known; they stay. */
  readonly left: readonly string[]
}

/** Moves the addresses that `isForeign` picks; every other byte stays. */
export function rewriteLock(
  text: string,
  ecosystem: EcosystemId,
  target: LockTarget,
  isForeign: (url: string) => boolean,
): Rewrite {
  const left: string[] = []
  let [moved, at, out] = [0, 0, '']
  for (const { url, start, end } of lockAddresses(text)) {
    if (!isForeign(url)) continue
    const written = movedAddress(url, ecosystem, target)
    if (written === undefined) left.push(url)
    if (written === undefined || written === url) continue
    out += text.slice(at, start) + written
    at = end
    moved++
  }
  return { text: out + text.slice(at), moved, left }
}
