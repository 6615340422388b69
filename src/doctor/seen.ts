import type { Evidence, EvidenceOf, ProbeName } from './evidence.ts'
import { endpointOf, hostOf, type Target } from './target.ts'

/** What one run saw, with the questions that rules ask of it. */
export class Seen {
  readonly evidence: readonly Evidence[]
  readonly targets: readonly Target[]

  constructor(evidence: readonly Evidence[], targets: readonly Target[]) {
    this.evidence = evidence
    this.targets = targets
  }

  of<P extends ProbeName>(probe: P, target?: string): EvidenceOf<P>[] {
    return this.evidence.filter(
      (record): record is Extract<Evidence, { readonly probe: P }> & EvidenceOf<P> =>
        record.probe === probe && (target === undefined || record.target === target),
    )
  }

  /** Endpoints that verdicts may be about, each once. */
  get endpoints(): readonly string[] {
    return unique(this.targets.filter(({ role }) => role !== 'control').map(endpointOf))
  }

  get controlEndpoints(): readonly string[] {
    const own = new Set(this.endpoints)
    return unique(this.targets.map(endpointOf)).filter((endpoint) => !own.has(endpoint))
  }

  /** Every endpoint but this one and those that share its host. */
  othersOf(endpoint: string): readonly string[] {
    const host = hostOfEndpoint(endpoint)
    return unique(this.targets.map(endpointOf)).filter((other) => hostOfEndpoint(other) !== host)
  }

  get hosts(): readonly string[] {
    return unique(this.targets.filter(({ role }) => role !== 'control').map(hostOf))
  }

  get allHosts(): readonly string[] {
    return unique(this.targets.map(hostOf))
  }
}

export function hostOfEndpoint(endpoint: string): string {
  return endpoint.replace(/:\d+$/, '').replace(/^\[|\]$/g, '')
}

export function unique<T>(items: readonly T[]): T[] {
  return [...new Set(items)]
}

export function idsOf(records: readonly Evidence[]): string[] {
  return records.map(({ id }) => id)
}
