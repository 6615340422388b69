import { setPriority } from 'node:os'
import { type LatencyOptions, type LatencyResult, measureLatency } from './load.ts'
import { startProgram } from './program.ts'

/** Whose clock waits for a processor measures the processors: the one who asks goes first, where the system allows it. */
const PRIORITY = -10

/** The same as `measureLatency`, in a process that does nothing else; what counts begins at a moment of `Date.now()`. */
export async function measureLatencyApart(
  address: string,
  options: LatencyOptions,
  beginAtMs = 0,
): Promise<LatencyResult> {
  await using program = await startProgram({
    command: [process.execPath, import.meta.path, address, JSON.stringify(options), `${beginAtMs}`],
    readyLine: /^latency (.+)$/m,
    readyWithinMs: options.durationMs + 60_000,
  })
  return JSON.parse(program.ready)
}

if (import.meta.main) {
  const [address = '', options = '{}', beginAtMs = '0'] = process.argv.slice(2)
  try {
    setPriority(0, PRIORITY)
  } catch {
    // Only for the superuser; the figure then includes the wait of the one who asks.
  }
  const chosen: LatencyOptions = JSON.parse(options)
  await Bun.sleep(Math.max(0, Number(beginAtMs) - (chosen.warmUpMs ?? 0) - Date.now()))
  console.log(`latency ${JSON.stringify(await measureLatency(address, chosen))}`)
}
