import type { Clock } from './clock.ts'

/**
 * Time for tests: a short delay is over in the next turn of the event loop, which moves the clock on. Long
 * delays, those of background loops, end only when they are aborted.
 */
export function hurriedClock(): Clock {
  let now = 1_700_000_000_000
  return {
    now: () => now,
    delay: (ms, signal) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve()
        if (ms >= longMs) return signal.addEventListener('abort', () => resolve())
        setImmediate(() => {
          now += ms
          resolve()
        })
      }),
  }
}

const longMs = 5000
