import type { Catalogue, EcosystemName } from '../../mirrors/catalogue.ts'
import type { Evidence } from '../evidence.ts'
import { idsOf, type Seen } from '../seen.ts'
import type { Cause, Confidence, ControlKey, Finding, Params, VerdictId } from '../verdict.ts'

export interface RuleContext {
  readonly allowPrivate: readonly string[]
  readonly catalogues: Readonly<Partial<Record<EcosystemName, Catalogue>>>
}

/** A pure function over what was seen. */
export interface Rule {
  readonly id: VerdictId
  readonly find: (seen: Seen, context: RuleContext) => readonly Conclusion[]
}

/** A finding before it has its rule's id. */
export interface Conclusion {
  readonly target: string
  readonly confidence: Confidence
  readonly from: readonly Evidence[]
  readonly control?: Control | undefined
  readonly cause?: Cause
  readonly params?: Params
}

export interface Control {
  readonly key: ControlKey
  readonly from: readonly Evidence[]
  readonly params?: Params
}

export function findingOf(id: VerdictId, conclusion: Conclusion): Finding {
  const { target, confidence, from, control, cause, params = {} } = conclusion
  return {
    id,
    target,
    confidence,
    evidence: idsOf(from),
    control:
      control === undefined
        ? undefined
        : { key: control.key, evidence: idsOf(control.from), params: control.params ?? {} },
    ...(cause === undefined ? {} : { cause }),
    params,
  }
}

/** `likely` needs repetition and a control that differs; one observation is only `possible`. */
export function confidenceOf(repeats: readonly Evidence[], control: Control | undefined): Confidence {
  return repeats.length >= 2 && control !== undefined ? 'likely' : 'possible'
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}
