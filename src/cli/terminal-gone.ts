import { closeSync, openSync } from 'node:fs'

/**
 * Tells, at a SIGHUP, whether the terminal that shows this process has been closed: then the signal means "end", as
 * everywhere, and not "read the settings again". Without a terminal at the start (a service, nohup) it never does.
 */
export function terminalWatch(isShown: boolean, canReach: () => boolean = canOpenTerminal): () => boolean {
  const had = isShown && canReach()
  return () => had && !canReach()
}

function canOpenTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'))
    return true
  } catch {
    // ENXIO: this process has no terminal, or none any more.
    return false
  }
}
