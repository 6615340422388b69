/** Credentials from a netrc file, as curl and Go read it. */

import { classOfHost } from './address.ts'

export interface NetrcEntry {
  readonly machine: string | undefined
  readonly login: string
  readonly password: string
}

/** Entries in order; `machine` is undefined for `default`. Macros are passed over. */
export function parseNetrc(text: string): readonly NetrcEntry[] {
  const entries: { machine: string | undefined; login: string; password: string }[] = []
  const words = text
    .replace(/^macdef[^\n]*\n(?:[^\n]+\n)*/gm, '')
    .replace(/^\s*#.*$/gm, '')
    .split(/\s+/)
    .filter((word) => word !== '')
  for (let index = 0; index < words.length; index++) {
    const word = words[index]
    const entry = entries.at(-1)
    if (word === 'machine')
      entries.push({ machine: words[++index]?.toLowerCase() ?? '', login: '', password: '' })
    else if (word === 'default') entries.push({ machine: undefined, login: '', password: '' })
    else if (word === 'login' && entry) entry.login = words[++index] ?? ''
    else if (word === 'password' && entry) entry.password = words[++index] ?? ''
  }
  return entries
}

/** The value of Authorization for a host, from its own entry or the default one. */
export function netrcAuthorization(entries: readonly NetrcEntry[], hostname: string): string | undefined {
  const entry =
    entries.find(({ machine }) => machine === hostname.toLowerCase()) ??
    entries.find(({ machine }) => machine === undefined)
  return entry === undefined ? undefined : basicAuthorization(entry.login, entry.password)
}

export function basicAuthorization(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
}

/** Credentials go out encrypted, or not beyond this machine. */
export function netrcLookup(text: string | undefined): (url: URL) => string | undefined {
  if (text === undefined) return () => undefined
  const entries = parseNetrc(text)
  return (url) =>
    url.protocol === 'https:' || classOfHost(url.hostname) === 'loopback'
      ? netrcAuthorization(entries, url.hostname)
      : undefined
}
