/** Gets a byte stream to a target through a proxy: CONNECT (RFC 9110 9.3.6) or SOCKS5 (RFC 1928, 1929). */

import { isIP } from 'node:net'
import type { Connection, Patience } from './connection.ts'
import { asUpstreamError, broken } from './failure.ts'
import { readHead } from './http-head.ts'
import type { UpstreamLimits } from './limits.ts'
import type { ForwardProxy } from './proxy-settings.ts'
import type { UpstreamError } from './upstream.ts'

interface Target {
  readonly host: string
  readonly port: number
}

/** @throws UpstreamError `proxy` when it refuses, wants credentials, stalls or does not speak its protocol */
export async function openTunnel(
  connection: Connection,
  proxy: ForwardProxy,
  target: Target,
  limits: UpstreamLimits,
): Promise<void> {
  const name = `the proxy ${proxy.host}:${proxy.port} (${proxy.foundIn})`
  const patience: Patience = {
    ms: limits.handshakeMs,
    late: () => broken('proxy', `${name} did not answer within ${limits.handshakeMs} ms`),
  }
  if (proxy.scheme === 'socks5') return socks5(connection, proxy, target, patience, name)
  const authority = `${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port}`
  const credentials = proxyAuthorization(proxy)
  connection.write(
    `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${credentials === undefined ? '' : `Proxy-Authorization: ${credentials}\r\n`}\r\n`,
  )
  const head = await readHead(connection, patience, limits).catch((error: unknown) => {
    throw asProxyFailure(error, name)
  })
  if (head.status >= 200 && head.status < 300) return
  throw proxyRefusal(head.status, name, proxy.foundIn)
}

/** The failure for a proxy's own refusal, also of a request that it was to forward. */
export function proxyRefusal(status: number, name: string, foundIn: string) {
  if (status === 407) {
    return broken('proxy', `${name} wants credentials`, {
      status,
      hint: `Put them into ${foundIn} as http://USER:PASSWORD@HOST:PORT.`,
    })
  }
  return broken('proxy', `${name} refused the tunnel with status ${status}`, {
    status,
    hint: `Ask who runs the proxy, or name the host in NO_PROXY.`,
  })
}

/** The value of Proxy-Authorization, when the proxy's address has user information. */
export function proxyAuthorization(proxy: ForwardProxy): string | undefined {
  if (proxy.credentials === undefined) return undefined
  return `Basic ${Buffer.from(`${proxy.credentials.user}:${proxy.credentials.password}`).toString('base64')}`
}

function asProxyFailure(error: unknown, name: string): UpstreamError {
  const cause = asUpstreamError(error, name)
  return cause.failure.code === 'proxy'
    ? cause
    : broken('proxy', `${name} broke off the tunnel: ${cause.message}`, {}, error)
}

async function socks5(
  connection: Connection,
  proxy: ForwardProxy,
  target: Target,
  patience: Patience,
  name: string,
) {
  const fault = (what: string) => broken('proxy', `${name} ${what}`)
  const exactly = async (count: number): Promise<Buffer> => {
    let bytes = Buffer.alloc(0)
    while (bytes.length < count) {
      const chunk = await connection.read(patience)
      if (chunk === undefined) throw fault('closed the connection during the SOCKS greeting')
      bytes = Buffer.concat([bytes, chunk])
    }
    connection.unread(bytes.subarray(count))
    return bytes.subarray(0, count)
  }
  connection.write(Buffer.from(proxy.credentials === undefined ? [5, 1, 0] : [5, 2, 0, 2]))
  const [version, method] = await exactly(2)
  if (version !== 5) throw fault('does not speak SOCKS 5')
  if (method === 2 && proxy.credentials !== undefined) {
    const user = Buffer.from(proxy.credentials.user)
    const password = Buffer.from(proxy.credentials.password)
    connection.write(
      Buffer.concat([Buffer.from([1, user.length]), user, Buffer.from([password.length]), password]),
    )
    const [, status] = await exactly(2)
    if (status !== 0) throw fault('refused the credentials')
  } else if (method !== 0) {
    throw proxyRefusal(407, name, proxy.foundIn)
  }
  connection.write(Buffer.concat([Buffer.from([5, 1, 0]), socksAddress(target)]))
  const [, reply, , kind] = await exactly(4)
  if (reply !== 0) throw fault(`could not reach ${target.host}:${target.port} (SOCKS reply ${reply})`)
  if (kind !== 1 && kind !== 3 && kind !== 4) throw fault('does not speak SOCKS 5')
  const addressLength = kind === 1 ? 4 : kind === 4 ? 16 : ((await exactly(1))[0] ?? 0)
  await exactly(addressLength + 2)
}

function socksAddress({ host, port }: Target): Buffer {
  const tail = Buffer.from([port >> 8, port & 255])
  if (isIP(host) === 4) return Buffer.concat([Buffer.from([1, ...host.split('.').map(Number)]), tail])
  const name = Buffer.from(host)
  return Buffer.concat([Buffer.from([3, name.length]), name, tail])
}
