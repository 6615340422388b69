import type { Fact, Layer } from '../evidence.ts'
import type { Cause, Confidence, ControlKey, VerdictId } from '../verdict.ts'

export const languages = ['en', 'zh'] as const
export type Language = (typeof languages)[number]

/** `{name}` stands for a parameter. */
type Template = string

export interface VerdictText {
  /** One line, with the subject. */
  readonly title: Template
  /** What to do; lines that start with `$ ` can be copied. */
  readonly fix: Template
}

/** `tcp.open`, `dns.query.nxdomain` …: every outcome of every probe. */
export type EvidenceKey = { [F in Fact as F['probe']]: `${F['probe']}.${F['outcome']}` }[Fact['probe']]

/** Some of the verdicts. */
export type VerdictTexts = Readonly<Partial<Record<VerdictId, VerdictText>>>

export interface Texts {
  readonly verdicts: Readonly<Record<VerdictId, VerdictText>>
  readonly evidence: Readonly<Record<EvidenceKey, Template>>
  readonly controls: Readonly<Record<ControlKey, Template>>
  readonly causes: Readonly<Record<Cause, Template>>
  /** Where a handshake is reset; follows the title. */
  readonly places: Readonly<Record<'between' | 'first' | 'server', Template>>
  readonly confidence: Readonly<Record<Confidence, Template>>
  readonly layers: Readonly<Record<Layer, Template>>
  readonly ui: Readonly<Record<UiKey, Template>>
}

export const uiKeys = [
  'seen',
  'control',
  'noControl',
  'cause',
  'fix',
  'first',
  'healthy',
  'problems',
  'unknown',
  'incomplete',
  'noTargets',
  'looked',
  'working',
  'slow',
  'reportTitle',
  'allEvidence',
  'target',
  'result',
  'took',
  'summary',
  'fixed',
  'notFixable',
  'setIn',
  'settingIn',
  'databaseAlias',
  'yes',
  'no',
] as const
export type UiKey = (typeof uiKeys)[number]
