/**
 * Our addresses of files: `files/PROJECT/ROUTE/FILE`. The route is the strongest hash that the index gives, so an
 * address means the same bytes for ever, also where an index lets a file be replaced under its name.
 */

/** How a file is told from others of its name. `-` where the index gives no hash. */
export type Route = string

/** Best first. The weak ones prove nothing, but tell a file that was replaced from the one before it. */
const digits: Readonly<Record<string, number>> = {
  sha256: 64,
  sha512: 128,
  sha384: 96,
  sha224: 56,
  sha1: 40,
  md5: 32,
}

/** `sha256`'s digits stand alone; others are named. */
export function routeFor(hashes: Readonly<Record<string, string>>): Route {
  for (const [algorithm, length] of Object.entries(digits)) {
    const hex = hashes[algorithm]?.toLowerCase()
    if (hex === undefined || hex.length !== length || !/^[0-9a-f]+$/.test(hex)) continue
    return algorithm === 'sha256' ? hex : `${algorithm}-${hex}`
  }
  return '-'
}

export interface RouteHash {
  readonly algorithm: string
  readonly hex: string
}

/** The hash that a route means; `none` for `-`; undefined when it is no route. */
export function parseRoute(route: string): RouteHash | 'none' | undefined {
  if (route === '-') return 'none'
  const [, named = 'sha256', hex = ''] =
    /^(?:(sha512|sha384|sha224|sha1|md5)-)?([0-9a-f]{1,128})$/.exec(route) ?? []
  return hex.length === digits[named] ? { algorithm: named, hex } : undefined
}

/** `files/…`, percent-encoded, without a leading slash; names of projects need no encoding. */
export function filePath(project: string, route: Route, file: string): string {
  return `files/${project}/${route}/${encodeFileName(file)}`
}

/** The one spelling of a file name in an address and a key: printable ASCII. */
export function encodeFileName(file: string): string {
  return encodeURIComponent(file).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
