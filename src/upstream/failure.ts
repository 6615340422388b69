/** Builds the failures that this room speaks in. */

import { type FailureCode, UpstreamError, type UpstreamFailure } from './upstream.ts'

type More = Omit<UpstreamFailure, 'code' | 'message'>

/** What is thrown inside the transport; always carries a code and a sentence that names the host. */
export function broken(code: FailureCode, message: string, more: More = {}, cause?: unknown): UpstreamError {
  return new UpstreamError({ code, message, ...more }, cause === undefined ? undefined : { cause })
}

/** `subject` names the host; a failure that is already one of ours passes through. */
export function asFailure(error: unknown, subject: string): UpstreamFailure {
  return asUpstreamError(error, subject).failure
}

export function asUpstreamError(error: unknown, subject: string): UpstreamError {
  if (error instanceof UpstreamError) return error
  const code = errorCode(error)
  const text = error instanceof Error ? error.message : String(error)
  switch (code) {
    case 'ECONNRESET':
    case 'EPIPE':
    case 'ERR_STREAM_PREMATURE_CLOSE':
      return broken('reset', `${subject} reset the connection`, {}, error)
    case 'ETIMEDOUT':
      return broken('timeout', `the connection to ${subject} timed out`, {}, error)
    default:
      return broken('connect', `the connection to ${subject} failed: ${text}`, {}, error)
  }
}

/** The `code` of a system error, or an empty string. */
export function errorCode(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return ''
  return typeof error.code === 'string' ? error.code : ''
}

/** The transport and the sentences it makes name hosts without the scheme that an id may begin with. */
export function withoutScheme(id: string): string {
  return id.replace(/^https?:\/\//, '')
}

/** The transport speaks of hosts; people know sources. */
export function named(failure: UpstreamFailure, source: { readonly id: string }): UpstreamFailure {
  return failure.message.includes(withoutScheme(source.id))
    ? failure
    : { ...failure, message: `${source.id}: ${failure.message}` }
}
