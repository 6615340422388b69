/** Names of projects: the name format and the normalisation of packaging.python.org (PEP 508, PEP 503). */

/** Longer names are refused; the longest on the public index has about 120 characters. */
export const MAX_NAME_LENGTH = 200

/** Whether this is a name in any spelling: ASCII letters, digits, `.`, `_` and `-`, with no sign at either end. */
export function isProjectName(name: string): boolean {
  return name.length <= MAX_NAME_LENGTH && /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(name)
}

/** `Zope.Interface_x` → `zope-interface-x`. For names that `isProjectName` accepts. */
export function normalizeName(name: string): string {
  return name.replace(/[-_.]+/g, '-').toLowerCase()
}

/** A pattern of names in the same spelling, so that `Corp_*` means what `corp-*` does. */
export function normalizePattern(pattern: string): string {
  return normalizeName(pattern)
}
