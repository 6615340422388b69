/** Processes that this one has started: a positive id is a process, a negative one its whole group. */
const live = new Set<number>()

/** Notes a process (or, negative, a group) that must not outlive this one. Dispose when it has ended. */
export function notOutliving(id: number | undefined): Disposable {
  if (id !== undefined) live.add(id)
  return {
    [Symbol.dispose]: () => {
      if (id !== undefined) live.delete(id)
    },
  }
}

/** Makes SIGINT, SIGTERM and SIGHUP end every process that is noted, then this one. */
export function endAllOnSignal(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      for (const id of live) sendSignal(id, 'SIGKILL')
      process.exit(signal === 'SIGINT' ? 130 : 143)
    })
  }
}

/** A process that is gone already is no error. */
export function sendSignal(id: number | undefined, signal: NodeJS.Signals): void {
  if (id === undefined) return
  try {
    process.kill(id, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
