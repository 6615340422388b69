import type { Evidence, EvidenceOf } from './evidence.ts'

type Exchange = EvidenceOf<'http'>

/** The answers that this one's redirects led to, in their order; empty when it was none, or none was followed. */
export function redirectsOf(evidence: readonly Evidence[], { id }: Pick<Exchange, 'id'>): Exchange[] {
  return evidence
    .filter((record): record is Exchange => record.probe === 'http' && record.origin === id)
    .toSorted((left, right) => (left.hop ?? 0) - (right.hop ?? 0))
}

/** What came in the end for this request. */
export function lastAnswer(evidence: readonly Evidence[], first: Exchange): Exchange {
  return redirectsOf(evidence, first).at(-1) ?? first
}
