import type { Diagnosis } from './diagnose.ts'
import type { Evidence } from './evidence.ts'
import { lastAnswer } from './redirect-chain.ts'
import { endpointOf, hostOf, type Role, type Target } from './target.ts'
import { counted, Speaker } from './text/speak.ts'
import type { Language } from './text/texts.ts'
import type { Cause, Confidence, Finding, VerdictId } from './verdict.ts'

export interface Verdict {
  readonly id: VerdictId
  readonly target: string
  readonly confidence: Confidence
  /** What happens, in one line. */
  readonly title: string
  readonly evidence: readonly string[]
  /** Ids in `Report.evidence`. */
  readonly evidenceIds: readonly string[]
  /** Null: there was none, and the cause is unexplained. */
  readonly control: string | null
  readonly cause: Cause | null
  readonly because: string | null
  readonly fix: string
  /** Who named the address that this is about; null for what no setting names. */
  readonly foundIn: string | null
}

/** What a run says, as `--json` and `/api/doctor` give it. */
export interface Report {
  readonly schema: 1
  readonly outcome: 'healthy' | 'problem' | 'unknown'
  readonly verdicts: readonly Verdict[]
  readonly targets: readonly { readonly address: string; readonly role: Role; readonly foundIn: string }[]
  /** False when the time was over before every probe was. */
  readonly complete: boolean
  readonly tookMs: number
  readonly evidence: readonly (Evidence & { readonly text: string })[]
}

export function reportOf(diagnosis: Diagnosis, language: Language): Report {
  const speaker = new Speaker(language)
  const { findings, evidence, targets, tookMs, complete } = diagnosis
  const verdicts = findings.map((finding): Verdict => {
    const spoken = speaker.verdict(finding, evidence)
    return {
      id: finding.id,
      target: finding.target,
      confidence: finding.confidence,
      title: spoken.title,
      evidence: counted(spoken.seen),
      evidenceIds: finding.evidence,
      control: spoken.control ?? null,
      cause: finding.cause ?? null,
      because: spoken.cause ?? null,
      fix: [...databaseFix(finding, targets, speaker), ...spoken.fix].join('\n'),
      foundIn: namedBy(finding.target, targets),
    }
  })
  return {
    schema: 1,
    outcome: verdicts.length > 0 ? 'problem' : complete && isHealthy(diagnosis) ? 'healthy' : 'unknown',
    verdicts,
    targets: targets.map((target) => ({
      address: shown(target.url),
      role: target.role,
      foundIn: target.foundIn,
    })),
    complete,
    tookMs: Math.round(tookMs),
    evidence: evidence.map((record) => ({ ...record, text: speaker.evidence(record) })),
  }
}

/** What stands in the way of the checksum database that the toolchain has built in: its alias may be reached. */
const unreachable = /^(dns\.|tcp\.(refused|filtered|unreachable)|tls\.(reset|closed|silent))/

function databaseFix({ id, target }: Finding, targets: readonly Target[], speaker: Speaker): string[] {
  const database = targets.find(
    (one) => one.role === 'database' && [hostOf(one), endpointOf(one)].includes(target),
  )
  if (database === undefined || !database.foundIn.includes('default') || !unreachable.test(id)) return []
  return [speaker.ui('databaseAlias'), '$ go env -w GOSUMDB=sum.golang.google.cn']
}

function namedBy(subject: string, targets: readonly Target[]): string | null {
  const own = targets.filter(({ role, foundIn }) => role !== 'control' && foundIn !== 'default')
  const found = own.filter((target) => [hostOf(target), endpointOf(target)].includes(subject))
  return found.length === 0 ? null : [...new Set(found.map(({ foundIn }) => foundIn))].join(', ')
}

function isHealthy(diagnosis: Diagnosis): boolean {
  return everyTargetAnswered(diagnosis) && everyFileArrived(diagnosis)
}

/** Those that controls were asked for do not count. */
function everyFileArrived({ targets, evidence }: Diagnosis): boolean {
  const own = targets.filter(({ role }) => role !== 'control').map(endpointOf)
  const controls = targets.map(endpointOf).filter((endpoint) => !own.includes(endpoint))
  return evidence.every((record) => {
    if (record.probe !== 'http' || controls.includes(record.target)) return true
    if (record.purpose !== 'small' && record.purpose !== 'medium') return true
    const { status, outcome } = lastAnswer(evidence, record)
    return status === 200 && (outcome === 'answer' || outcome === 'cut-off')
  })
}

function everyTargetAnswered({ targets, evidence }: Diagnosis): boolean {
  const own = targets.filter(({ role }) => role !== 'control')
  const answered = new Set(
    evidence.flatMap((record) =>
      record.probe === 'http' && ['answer', 'cut-off'].includes(record.outcome) ? [record.target] : [],
    ),
  )
  return own.length > 0 && own.every((target) => answered.has(endpointOf(target)))
}

function shown(url: URL): string {
  const copy = new URL(url)
  copy.username = ''
  copy.password = ''
  return copy.href
}
