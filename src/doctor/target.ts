import type { ClientId } from '../clients/client.ts'
import type { EcosystemName } from '../mirrors/catalogue.ts'

/** `control` is only compared with; nothing is ever said about it. */
export type Role = 'source' | 'database' | 'client' | 'given' | 'control'

/** One address that the run looks at. */
export interface Target {
  readonly url: URL
  readonly role: Role
  /** What its probes are; undefined for an address of no known kind, which is only asked for itself. */
  readonly ecosystem: EcosystemName | undefined
  /** Whose own setting it is, for the role `client`. */
  readonly client?: ClientId
  /** `go env`, a variable, a file and line, or the command line. */
  readonly foundIn: string
}

export function hostOf({ url }: Pick<Target, 'url'>): string {
  return url.hostname.replace(/^\[|\]$/g, '')
}

export function portOf({ url }: Pick<Target, 'url'>): number {
  if (url.port !== '') return Number(url.port)
  return url.protocol === 'https:' ? 443 : 80
}

/** `host:port`: what evidence and verdicts about connections are named after. */
export function endpointOf(target: Pick<Target, 'url'>): string {
  const host = hostOf(target)
  return `${host.includes(':') ? `[${host}]` : host}:${portOf(target)}`
}
