/** Names of npm packages, and the addresses that follow from them. */

/** The registry's bound (validate-npm-package-name). */
const MAX_NAME_LENGTH = 214
/** The longest name and the longest version (semver reads no more than 256 characters), with room for escapes. */
const MAX_FILE_LENGTH = 512

/** Capitals and the marks at the end were allowed once; packages from that time are still installed. */
const unscoped = /^[A-Za-z0-9~-][A-Za-z0-9._~!'()*-]*$/
/** Scopes came after capitals had gone. */
const scoped = /^@[a-z0-9~-][a-z0-9._~-]*\/[a-z0-9_~-][a-z0-9._~-]*$/

/** No package was ever called so, and file systems or browsers would trip over it. */
const reserved: ReadonlySet<string> = new Set(['node_modules', 'favicon.ico'])

/**
 * True for what can be a package's name: printable ASCII, so that no look-alike of another script passes, and no
 * leading dot, so that no name is a path.
 */
export function isPackageName(name: string): boolean {
  if (name.length > MAX_NAME_LENGTH || reserved.has(name.toLowerCase())) return false
  return name.startsWith('@') ? scoped.test(name) : unscoped.test(name)
}

/** `name` of `@scope/name`. */
export function baseName(name: string): string {
  return name.slice(name.indexOf('/') + 1)
}

/** `@scope` of `@scope/name`; undefined for a name without one. */
export function scopeOf(name: string): string | undefined {
  return name.startsWith('@') ? name.slice(0, name.indexOf('/')) : undefined
}

/** As every client writes it: the slash of a scoped name is encoded, in lower case. */
export function wireName(name: string): string {
  return name.replace('/', '%2f')
}

/** The file name that clients derive from a name and a version when they record no address. */
export function tarballFile(name: string, version: string): string {
  return `${baseName(name)}-${encodeURIComponent(version).replaceAll('%2B', '+')}.tgz`
}

/** The version in a file name that `tarballFile` gives; undefined for any other. */
export function versionInFile(name: string, file: string): string | undefined {
  const start = `${baseName(name)}-`
  if (!file.startsWith(start) || !file.endsWith('.tgz')) return undefined
  try {
    return decodeURIComponent(file.slice(start.length, -'.tgz'.length))
  } catch {
    // No escape: a name of the registry's own making.
    return undefined
  }
}

/** Below a registry's base address, without a leading slash: `@scope/name/-/name-1.0.0.tgz`. */
export function tarballPath(name: string, file: string): string {
  return `${name}/-/${file}`
}

/** A tarball's file name: printable, no slash, no leading dot, and an ending that says what it is. */
export function isTarballFile(file: string): boolean {
  return (
    file.length <= MAX_FILE_LENGTH && /^[A-Za-z0-9@_~-][A-Za-z0-9@._~!'()*+-]*\.(?:tgz|tar\.gz)$/.test(file)
  )
}
