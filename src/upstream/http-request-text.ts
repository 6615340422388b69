/** The head of an HTTP/1.1 request (RFC 9112 section 3). */

import { broken } from './failure.ts'
import type { ForwardProxy } from './proxy-settings.ts'
import { proxyAuthorization } from './proxy-tunnel.ts'

export interface Message {
  readonly url: URL
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array | undefined
}

/** @throws UpstreamError `malformed` for what would be read as something else by the other side */
export function requestText(
  { url, method, headers, body }: Message,
  proxy: ForwardProxy | undefined,
): string {
  const forwarded = proxy !== undefined && proxy.scheme !== 'socks5' && url.protocol === 'http:'
  const credentials = forwarded ? proxyAuthorization(proxy) : undefined
  const all = {
    Host: url.host,
    ...headers,
    ...(isRead(method) && body === undefined ? {} : { 'Content-Length': String(body?.byteLength ?? 0) }),
    ...(credentials && { 'Proxy-Authorization': credentials }),
  }
  const target = `${forwarded ? url.origin : ''}${url.pathname}${url.search}`
  const names = Object.keys(all)
  if (!names.every((name) => /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name))) {
    throw broken('malformed', `a header for ${url.host} has a name that is none`)
  }
  const fields = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  if (fields.some((field) => /[\r\n\0]/.test(field.slice(0, -2)))) {
    throw broken('malformed', `a header configured for ${url.host} holds a line break`)
  }
  if (!/^[A-Z]{3,16}$/.test(method)) throw broken('malformed', `${method} is no method of HTTP`)
  return `${method} ${target} HTTP/1.1\r\n${fields.join('')}\r\n`
}

/** Changes nothing, carries nothing, and may be asked again anywhere. */
export function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD'
}
