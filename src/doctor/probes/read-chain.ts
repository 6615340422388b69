import { isIP, type Socket } from 'node:net'
import {
  checkServerIdentity,
  connect,
  type PeerCertificate,
  type SecureContext,
  type TLSSocket,
} from 'node:tls'
import { errorCode } from '../../upstream/failure.ts'
import type { CertificateSummary, ChainFact } from '../evidence.ts'

export interface ChainRequest {
  readonly socket: Socket
  readonly host: string
  readonly trust: SecureContext
  readonly timeoutMs: number
  readonly nowMs: number
  readonly signal: AbortSignal
}

type ChainSaid = Omit<ChainFact, 'probe' | 'host'> & { readonly tookMs: number }

const mostCertificates = 10

/**
 * A whole handshake, to read the chain that the server sends and whether it is trusted. Verification is off for this one
 * connection because a chain that fails must still be read; nothing is ever sent over it. Never throws.
 */
export function readChain(request: ChainRequest): Promise<ChainSaid> {
  const { socket, host, trust, timeoutMs, nowMs, signal } = request
  const began = performance.now()
  return new Promise((resolve) => {
    const secure: TLSSocket = connect({
      socket,
      secureContext: trust,
      rejectUnauthorized: false,
      ALPNProtocols: ['http/1.1'],
      ...(isIP(host) === 0 ? { servername: host } : { host }),
    })
    const settle = (said: Omit<ChainSaid, 'tookMs' | 'nowMs'>) => {
      clearTimeout(late)
      signal.removeEventListener('abort', stop)
      secure.destroy()
      socket.destroy()
      resolve({ ...said, nowMs, tookMs: performance.now() - began })
    }
    const failed = (code: string) =>
      settle({ outcome: 'failed', code, hostMatches: false, names: [], chain: [] })
    const stop = () => failed('ETIMEDOUT')
    const late = setTimeout(stop, timeoutMs)
    signal.addEventListener('abort', stop, { once: true })
    secure.on('error', (error) => failed(errorCode(error) || 'failed'))
    secure.on('close', () => failed('ECONNRESET'))
    secure.once('secureConnect', () => {
      const leaf = secure.getPeerCertificate(true)
      const said = secure.authorizationError
      const code =
        said === undefined || said === null ? '' : typeof said === 'string' ? said : errorCode(said)
      const isNameError = /ALTNAME|HOSTNAME/.test(code)
      const issuerAddress = leaf.infoAccess?.['CA Issuers - URI']?.[0]
      settle({
        outcome: code === '' || isNameError ? 'trusted' : 'untrusted',
        ...(code === '' || isNameError ? {} : { code }),
        hostMatches: checkServerIdentity(host, leaf) === undefined,
        names: namesOf(leaf),
        chain: chainOf(leaf),
        ...(issuerAddress === undefined ? {} : { issuerAddress }),
      })
    })
  })
}

function chainOf(leaf: PeerCertificate): CertificateSummary[] {
  const chain: CertificateSummary[] = []
  const seen = new Set<string>()
  let at: unknown = leaf
  while (isCertificate(at) && chain.length < mostCertificates && !seen.has(at.fingerprint256)) {
    seen.add(at.fingerprint256)
    chain.push({
      subject: nameOf(at.subject),
      issuer: nameOf(at.issuer),
      validFromMs: Date.parse(at.valid_from),
      validToMs: Date.parse(at.valid_to),
      fingerprint: at.fingerprint256,
    })
    at = 'issuerCertificate' in at ? at.issuerCertificate : undefined
  }
  return chain
}

function isCertificate(value: unknown): value is PeerCertificate {
  return typeof value === 'object' && value !== null && 'fingerprint256' in value && 'valid_to' in value
}

function nameOf(name: PeerCertificate['subject'] | undefined): string {
  if (name === undefined) return ''
  const parts = [name.CN, name.O].flatMap((part) => (part === undefined ? [] : [String(part)]))
  return parts.join(', ').slice(0, 120)
}

function namesOf(leaf: PeerCertificate): string[] {
  return (leaf.subjectaltname ?? '')
    .split(', ')
    .filter((name) => name !== '')
    .map((name) => name.replace(/^(DNS|IP Address):/, ''))
    .slice(0, 20)
}
