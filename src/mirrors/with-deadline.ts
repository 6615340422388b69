export interface Deadline extends Disposable {
  /** Aborts with the parent, or when the time is over. */
  readonly signal: AbortSignal
  readonly expired: boolean
}

/** A signal that also aborts after `ms`, with `reason()`; disposing takes its timer away. */
export function withDeadline(parent: AbortSignal, ms: number, reason: () => unknown): Deadline {
  const own = new AbortController()
  let expired = false
  const forward = () => own.abort(parent.reason)
  if (parent.aborted) forward()
  parent.addEventListener('abort', forward)
  const timer = setTimeout(() => {
    expired = true
    own.abort(reason())
  }, ms)
  return {
    signal: own.signal,
    get expired() {
      return expired
    },
    [Symbol.dispose]() {
      clearTimeout(timer)
      parent.removeEventListener('abort', forward)
    },
  }
}
