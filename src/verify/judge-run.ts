/** What the three proofs of a run add up to. Pure. */

import type { WatchedRequest } from '../observe/request-watch.ts'
import type { ClientRun, Pinned, Reading } from './client-run.ts'
import { escapedModule } from './clients/go-run.ts'
import { projectName } from './relay-link.ts'

export type Verdict = 'in-effect' | 'bypassed' | 'broken' | 'unknown'

export interface Proof {
  /** `unknown`: it could not be looked at. */
  readonly state: 'good' | 'bad' | 'unknown'
  /** One sentence. */
  readonly text: string
}

export interface Judged {
  readonly verdict: Verdict
  /** One sentence. */
  readonly summary: string
  readonly trace: Proof
  readonly log: Proof
  readonly bytes: Proof
}

export type Log =
  | { readonly kind: 'read'; readonly requests: readonly WatchedRequest[] }
  | { readonly kind: 'unread'; readonly reason: string }
  | { readonly kind: 'down'; readonly reason: string }

export interface RunEvidence {
  readonly run: Pick<ClientRun, 'marks' | 'fetches'>
  readonly reading: Reading
  readonly timedOut: boolean
  readonly timeoutMs: number
  readonly pinned: Pinned
  readonly marker: string
  readonly log: Log
  readonly bytes: Proof
  /** Does an address lead to the relay? */
  readonly isOurs: (url: string) => boolean
  readonly base: string
  /** What counts of its settings leads to the relay; undefined: that is not known. */
  readonly isSet: boolean | undefined
}

export function judgeRun(evidence: RunEvidence): Judged {
  const { reading, log, bytes, isOurs, base, timedOut } = evidence
  const others = reading.asked.filter((url) => !isOurs(url))
  const trace = traceProof(evidence, others)
  const found = logProof(evidence)
  const proofs = { trace, log: found, bytes }
  const hosts = [...new Set(others.map((url) => placeOf(url, base)))].join(', ')
  const arrived = log.kind === 'read' ? found.state === 'good' : trace.state === 'good'
  const isWhole = evidence.run.fetches === 'metadata' || cameThroughUs(evidence)
  const told = (verdict: Verdict, summary: string): Judged => ({ verdict, summary, ...proofs })

  if (bytes.state === 'bad') return told('broken', bytes.text)
  if (reading.ok && arrived && !isWhole) {
    return told('bypassed', 'it asks Posthaste about the package, and has the file from elsewhere')
  }
  if (reading.ok && arrived && (trace.state !== 'bad' || fileArrived(evidence))) {
    if (log.kind === 'read' || reading.asking === 'requests')
      return told('in-effect', `what it fetches comes through ${base}`)
    return told(
      'unknown',
      'its setting leads to Posthaste; whether its requests arrive could not be looked at',
    )
  }
  if (reading.ok) {
    if (log.kind === 'down')
      return told('bypassed', `Posthaste does not answer at ${base}${hosts && `; it went to ${hosts}`}`)
    if (hosts !== '') return told('bypassed', `it went to ${hosts}`)
    if (log.kind === 'read') return told('bypassed', 'it has the package, and no request of it arrived here')
    return told('unknown', 'it has the package, and which way it took could not be seen')
  }
  if (log.kind === 'down' && others.length === 0)
    return told('broken', `Posthaste does not answer at ${base}: ${log.reason}`)
  if (arrived) {
    const refused =
      log.kind === 'read'
        ? log.requests.findLast(({ status, path }) => status >= 400 && isOf(path, evidence))
        : undefined
    const why = refused === undefined ? reading.said : `${refused.path} was answered with ${refused.status}`
    return told('broken', `its requests arrive, and it fails: ${why}`)
  }
  if (hosts !== '') return told('bypassed', `it goes to ${hosts}, and fails there: ${reading.said}`)
  if (evidence.isSet === false)
    return told('bypassed', `its settings lead elsewhere, and it fails there: ${reading.said}`)
  if (timedOut) return told('unknown', `it did not end within ${Math.round(evidence.timeoutMs / 1000)} s`)
  return told('broken', reading.said === '' ? 'it failed and said nothing' : `it failed: ${reading.said}`)
}

function traceProof({ reading, base }: RunEvidence, others: readonly string[]): Proof {
  const { asked, asking } = reading
  const [first] = others
  const count = (number: number) => `${number} request${number === 1 ? '' : 's'}`
  if (asked.length === 0) return { state: 'unknown', text: 'it tells no address that it asked' }
  if (first !== undefined) {
    const what =
      asking === 'setting' ? 'its setting leads' : `${count(others.length)} of ${asked.length} went`
    return { state: 'bad', text: `${what} elsewhere: ${first}` }
  }
  if (asking === 'setting')
    return { state: 'good', text: `it tells no requests; its setting leads to ${base}` }
  return { state: 'good', text: `${count(asked.length)}, all to ${base}` }
}

function logProof(evidence: RunEvidence): Proof {
  const { log, marker, pinned } = evidence
  if (log.kind !== 'read') return { state: 'unknown', text: `could not be read: ${log.reason}` }
  const marked = log.requests.some((one) => holds(one, marker))
  const own = ownRequests(evidence)
  if (own.length > 0) {
    const words = own.map(
      ({ path, status, outcome }) => `${path.split('/').findLast(Boolean)} ${status} ${outcome}`,
    )
    const more = words.length > 3 ? ` and ${words.length - 3} more` : ''
    return {
      state: 'good',
      text: `the marker arrived, and ${pinned.name} after it: ${words.slice(-3).join(', ')}${more}`,
    }
  }
  if (!marked) return { state: 'bad', text: 'no request with the marker arrived' }
  return { state: 'bad', text: `the marker arrived, and no request for ${pinned.name} did` }
}

/** Requests for the package that are this run's: with the marker in them, or after the one that asked for it. */
function ownRequests(evidence: RunEvidence): readonly WatchedRequest[] {
  const { log, marker, run } = evidence
  if (log.kind !== 'read') return []
  const wanted = log.requests.filter(({ path }) => isOf(path, evidence))
  if (run.marks === 'user-agent') return wanted.filter(({ userAgent }) => userAgent.includes(marker))
  const asked = log.requests.find((one) => holds(one, marker))
  return asked === undefined ? [] : wanted.filter(({ atMs }) => atMs >= asked.atMs)
}

const FILE = /\.(zip|tgz|whl|tar\.gz)$/

function fileArrived(evidence: RunEvidence): boolean {
  return ownRequests(evidence).some(({ path, status }) => status < 400 && FILE.test(path))
}

/** The file too; where neither the log nor the client tells of single requests, its setting must do. */
function cameThroughUs(evidence: RunEvidence): boolean {
  const { log, reading, isOurs } = evidence
  if (log.kind === 'read') return fileArrived(evidence)
  return reading.asking === 'setting' || reading.asked.some((url) => isOurs(url) && FILE.test(url))
}

function holds({ path, userAgent }: WatchedRequest, marker: string): boolean {
  return path.includes(marker) || userAgent.includes(marker)
}

function isOf(path: string, { pinned }: Pick<RunEvidence, 'pinned'>): boolean {
  return watchedTexts(pinned).some((text) => path.includes(text))
}

/** What a request's path holds that is for this package. */
export function watchedTexts({ ecosystem, name, version }: Pinned): string[] {
  if (ecosystem === 'go') {
    const path = `/${escapedModule(name)}/@v/`
    return [...new Set([path, path.replaceAll('!', '%21')])]
  }
  if (ecosystem === 'npm')
    return [...new Set([`/${name}`, `/${encodeURIComponent(name)}`, `/${name.replace('/', '%2f')}`])]
  const project = projectName(name)
  return [`/simple/${project}/`, `/${project.replaceAll('-', '_')}-${version}`, `/${name}-${version}`]
}

/** The host; at the relay's own host the path tells the other registry apart. */
function placeOf(text: string, base: string): string {
  const url = URL.parse(text.replace(/^sparse\+/, ''))
  if (url === null) return text
  return url.host === new URL(base).host ? url.host + url.pathname : url.host
}
