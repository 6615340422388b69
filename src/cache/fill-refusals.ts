/** What an upstream's answers without a body mean to whoever asked. */

import type { Refusal, Resource } from '../ecosystems/ecosystem.ts'
import type {
  Failed,
  Found,
  InVain,
  SourceRef,
  UpstreamAnswer,
  UpstreamFailure,
} from '../upstream/upstream.ts'

export interface RefusedFill {
  readonly kind: 'refused'
  readonly refusal: Refusal
  readonly source?: string
  readonly failure?: UpstreamFailure
}

/** RFC 5842: an upstream found its own request in ours. */
const LOOP_DETECTED = 508

export function refusalFor(answer: Exclude<UpstreamAnswer, Found>, resource: Resource): RefusedFill {
  const what = resource.name
  switch (answer.kind) {
    case 'missing':
      return notFoundAt(answer, resource)
    case 'direct':
      return beforeDirect(answer.after, resource)
    case 'denied': {
      const reason = answer.text === '' ? `${answer.source.id} answered ${answer.status}` : answer.text
      const status = answer.status === 401 || answer.status === 403 ? answer.status : 400
      const hint = `ask whoever runs ${answer.source.id} for access, or name another source in ${resource.ecosystem}.upstream`
      return { kind: 'refused', refusal: { kind: 'denied', status, reason, hint }, source: answer.source.id }
    }
    case 'off':
      return {
        kind: 'refused',
        refusal: {
          kind: 'denied',
          status: 403,
          reason: `fetching ${what} is switched off ('off' in the list of sources)`,
          hint: `name a source in ${resource.ecosystem}.upstream, or fetch nothing that is not kept here`,
        },
      }
    case 'not-configured':
      return {
        kind: 'refused',
        refusal: {
          kind: 'not-configured',
          reason: `no source is configured for ${resource.ecosystem}`,
          hint: `set ${resource.ecosystem}.upstream in posthaste.yaml, or POSTHASTE_${resource.ecosystem.toUpperCase()}_UPSTREAM`,
        },
      }
    case 'not-modified':
      return failed({
        code: 'malformed',
        message: `${answer.source.id} answered 304 to an unconditional request`,
      })
    case 'failed':
      return failed(answer.failure, said(answer.lacking, resource))
  }
}

/** Metadata names it, so that a place without it is behind or broken: no "not found" for a client to act on. */
export function listedButMissing({ id }: SourceRef, { name }: Resource): RefusedFill {
  return failed({
    code: 'http',
    message: `the metadata of ${name} lists this file, but ${id} does not have it`,
    hint: 'the mirror may be behind its own index: try again later, or name another source beside it',
    status: 404,
  })
}

function notFoundAt(
  { source, text }: { readonly source: SourceRef; readonly text: string },
  { name, path }: Resource,
): RefusedFill {
  const refusal: Refusal =
    text === ''
      ? { kind: 'not-found', reason: `${source.id} has no ${whatOf(path, name)}` }
      : { kind: 'not-found', reason: text, quoted: true }
  return { kind: 'refused', refusal, source: source.id }
}

/** The file and whose it is, unless the one is the other. */
function whatOf(path: string, name: string): string {
  const file = path.split('?', 1)[0]?.split('/').at(-1) ?? ''
  const isPlain = /^[@\w][\w.!+~-]*$/.test(file)
  return isPlain && !name.endsWith(file) ? `${file} of ${name}` : name
}

/** What the client is told where the list ends in `direct`, which is its own part and not ours. */
function beforeDirect(after: InVain | undefined, resource: Resource): RefusedFill {
  if (after?.kind === 'missing') return notFoundAt(after, resource)
  const own = "the list goes on with 'direct', which is the client's own part"
  if (after === undefined) {
    return {
      kind: 'refused',
      refusal: {
        kind: 'not-found',
        reason: `no source is asked for ${resource.name}: ${own}`,
        hint: `with 'direct' in the client's own list it goes there by itself; else name a source in ${resource.ecosystem}.upstream`,
      },
    }
  }
  const said = after.kind === 'failed' ? after.failure.message : `${after.source.id} answered ${after.status}`
  return {
    kind: 'refused',
    refusal: { kind: 'not-found', reason: `${said}; ${own}`, fleeting: true },
    ...(after.kind === 'failed' ? { failure: after.failure } : { source: after.source.id }),
  }
}

/** A "no" does not count while another source may know better, but it may be all that there is to know. */
function said(lacking: Failed['lacking'] = [], { name, path }: Resource): string {
  const [first] = lacking
  if (first === undefined) return ''
  const words = first.text === '' ? '' : ` (${first.text.split('\n', 1)[0]})`
  return `${first.id} has no ${whatOf(path, name)}${words}; `
}

function failed(failure: UpstreamFailure, before = ''): RefusedFill {
  if (failure.status === LOOP_DETECTED) {
    const hint = failure.hint ?? "take Posthaste's own address out of its list of sources"
    return { kind: 'refused', failure, refusal: { kind: 'loop', reason: failure.message, hint } }
  }
  return {
    kind: 'refused',
    failure,
    refusal: {
      kind: 'upstream-failed',
      reason: before + failure.message,
      ...(failure.hint === undefined ? {} : { hint: failure.hint }),
      ...(failure.retryAfterMs === undefined ? {} : { retryAfterMs: failure.retryAfterMs }),
    },
  }
}

/** How the end of a refused fill is told. */
export function endOf(refusal: Refusal): 'not-found' | 'denied' {
  return refusal.kind === 'not-found' ? 'not-found' : 'denied'
}
