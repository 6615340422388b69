import type { ChildProcess } from 'node:child_process'
import { constants, setPriority } from 'node:os'

/** Lets whoever answers clients go first: a toolchain that is asked in the background can wait a moment. */
export function behind({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL)
  } catch {
    // It has ended already, or the system does not let us: then it only takes more from the others.
  }
}
