import { classOfHost } from './address.ts'

/**
 * A source's id, made of its address without credentials: the host, with the path that tells two on one host apart.
 * Plain http is told by its scheme, and on loopback https, where the other is the rule: so no two addresses share
 * an id, and a record that was made over one does not speak for the other.
 */
export function sourceId(url: string): string {
  const { protocol, host, hostname, pathname } = new URL(url)
  if (host === '') return url
  const usual = classOfHost(hostname) === 'loopback' ? 'http:' : 'https:'
  return `${protocol === usual ? '' : `${protocol}//`}${host}${pathname.replace(/\/$/, '')}`
}
