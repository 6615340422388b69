/** Whom TLS trusts, and what its failures mean in words. */

import { readFile } from 'node:fs/promises'
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls'
import { broken, errorCode } from './failure.ts'
import type { UpstreamError } from './upstream.ts'

/** Where distributions keep their store; the first that exists is used, as Go does. */
const systemStores = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
]

/**
 * Built-in roots, the system's store (or `SSL_CERT_FILE` in its place) and `caFile`, parsed once.
 * @throws UpstreamError `tls` when a file that was named cannot be read
 */
export async function loadTrust(options: {
  readonly caFile?: string | undefined
  readonly sslCertFile?: string | undefined
}): Promise<SecureContext> {
  const ca: string[] = [...rootCertificates]
  if (options.sslCertFile !== undefined) ca.push(await namedStore(options.sslCertFile, 'SSL_CERT_FILE'))
  else ca.push(...(await firstReadable(systemStores)))
  if (options.caFile !== undefined) ca.push(await namedStore(options.caFile, 'upstream.caFile'))
  return createSecureContext({ ca })
}

async function namedStore(path: string, setting: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw broken('tls', `${setting} names ${path}, which cannot be read (${errorCode(error)})`, {
      hint: `Correct ${setting} or remove it.`,
    })
  }
}

async function firstReadable(paths: readonly string[]): Promise<string[]> {
  for (const path of paths) {
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      if (errorCode(error) === 'ENOENT' || errorCode(error) === 'EACCES') return undefined
      throw error
    })
    if (text !== undefined) return [text]
  }
  return []
}

const corporateHint =
  'If a company gateway opens TLS here, name its CA in upstream.caFile or SSL_CERT_FILE; otherwise do not trust this network.'

/** Names expired, wrong host, unknown CA, alert and "plain HTTP on a TLS port". */
export function tlsFailure(error: unknown, host: string): UpstreamError {
  const code = errorCode(error)
  const say = (text: string, hint?: string) => broken('tls', text, hint === undefined ? {} : { hint }, error)
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      return say(
        `the certificate of ${host} has expired`,
        'Check the clock of this machine, then tell the operator.',
      )
    case 'CERT_NOT_YET_VALID':
      return say(`the certificate of ${host} is not valid yet`, 'Check the clock of this machine.')
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
    case 'HOSTNAME_MISMATCH':
      return say(
        `the certificate shown for ${host} is for another host`,
        'A captive portal or a wrong address; check the name in the configuration and log in to the network.',
      )
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'CERT_UNTRUSTED':
      return say(`the certificate of ${host} was signed by an unknown authority (${code})`, corporateHint)
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_HTTP_REQUEST':
      return say(
        `${host} answered plain text on its TLS port`,
        'The address may want http:// instead of https://, or something in between answers for it.',
      )
    case 'ECONNRESET':
    case 'EPIPE':
    case '':
      return say(
        `${host} cut the connection during the TLS handshake`,
        'Something on the path may filter this host.',
      )
  }
  const text = error instanceof Error ? error.message : String(error)
  if (/ALERT/i.test(code) || /alert/i.test(text)) {
    return say(`${host} refused the TLS handshake with an alert (${code || text})`)
  }
  return say(`the TLS handshake with ${host} failed: ${code || text}`)
}
