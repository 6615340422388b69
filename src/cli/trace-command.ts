import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { PathEvidence } from '../doctor/path/path-evidence.ts'
import { tracePath } from '../doctor/path/trace-path.ts'
import { isLookingUp } from '../doctor/system-lookup.ts'
import { tellError, tellUsage } from './command.ts'
import type { ExitCode, Io, Writer } from './io.ts'
import { leave } from './leave.ts'
import { LiveScreen } from './live-screen.ts'
import { readTraceArguments, type TraceRequest } from './trace-flags.ts'
import { traceCsv, traceJson } from './trace-json.ts'
import { traceReport } from './trace-report.ts'
import { traceTable } from './trace-table.ts'
import { wrapTo } from './trace-width.ts'

const help = `posthaste trace HOST[:PORT] [--tcp|--udp|--icmp] [-4|-6] [--rounds N] [--interval MS] [--max-hops N]
                [--flows N] [--numeric] [--json] [--csv] [--report FILE] [--lang en|zh]

Shows the way that packets take to a host, what each hop costs, and where loss or delay begins. The target's own
line decides: loss at a hop alone is that hop's limit on answers.

  --tcp            TCP SYN to the port, 443 by default; this is the default
  --udp            UDP, to port 33434 by default
  --icmp           ICMP echo
  -4, -6           IPv4 or IPv6 only
  --rounds N       ends after so many rounds; 10 by default, on a terminal Ctrl-C ends it
  --interval MS    from round to round; 1000 by default, 200 at least
  --max-hops N     the largest TTL; 30 by default
  --flows N        source ports that rounds take in turn, so that equal paths show; 4 by default
  -n, --numeric    looks up no names of hosts
  --json, --csv    prints JSON, or a line for each hop
  --report FILE    writes a web page, complete in itself, to send to somebody
  --lang en|zh     by default as the locale says

Works without privileges on Linux; as root (or with CAP_NET_RAW) a path's flow is steadier. Other systems see the
target only, not the hops (docs/trace.md).
Exit code 0: the path is fine; 1: a problem was found; 2: it could not be told.

Example: posthaste trace goproxy.cn
         posthaste trace registry.npmmirror.com:443 --rounds 30 --json
`

/** What a test sets. */
export interface TraceHooks {
  readonly trace?: typeof tracePath
  /** Ends it early, as Ctrl-C does. */
  readonly signal?: AbortSignal
}

export async function traceCommand(
  args: readonly string[],
  io: Io,
  hooks: TraceHooks = {},
): Promise<ExitCode> {
  const read = readTraceArguments(args, io.env, io.stdout.isTTY === true)
  if (!read.ok) return tellUsage(read.message, io, 'trace')
  if (read.request === 'help') {
    io.stdout.write(help)
    return 0
  }
  const { request } = read
  const stop = new AbortController()
  const interrupted = () => stop.abort(new Error('interrupted'))
  process.once('SIGINT', interrupted)
  // timeout(1) sends it twice. An end is near in any case; a second Ctrl-C does not wait for it.
  process.on('SIGTERM', interrupted)
  const signal = hooks.signal === undefined ? stop.signal : AbortSignal.any([stop.signal, hooks.signal])
  const screen = new LiveScreen(io.stdout)
  const live = io.stdout.isTTY === true && request.format === 'table'
  try {
    const options = {
      ...request.options,
      ...(live && { onProgress: (path: PathEvidence) => screen.draw(liveLines(path, request, io)) }),
    }
    const path = await (hooks.trace ?? tracePath)(request.target, options, signal)
    if (live) screen.clear()
    io.stdout.write(rendered(path, request, io))
    if (request.report !== undefined) {
      const file = resolve(io.cwd, request.report)
      await writeFile(file, traceReport(path, request.language))
      io.stderr.write(`wrote ${file}\n`)
    }
    return exitCode(path)
  } catch (error) {
    tellError(error, io, 'trace')
    if (isLookingUp() && io.stdout === process.stdout) await leave(2)
    return 2
  } finally {
    process.off('SIGINT', interrupted)
    process.off('SIGTERM', interrupted)
  }
}

function exitCode({ verdicts }: PathEvidence): ExitCode {
  switch (verdicts[0].outcome) {
    case 'problem':
      return 1
    case 'unclear':
      return 2
    case 'fine':
    case 'note':
      return 0
  }
}

function rendered(path: PathEvidence, { format, language }: TraceRequest, io: Io): string {
  if (format === 'json') return `${JSON.stringify(traceJson(path, language))}\n`
  if (format === 'csv') return traceCsv(path)
  const colour = io.stdout.isTTY === true && !io.env.NO_COLOR
  const columns = io.stdout.columns ?? 100
  const lines = traceTable(path, { language, colour, running: false, compact: false, columns })
  // The title stands above the table, and an empty line ends it. Elsewhere than on a terminal nobody knows the width.
  const table = lines.indexOf('')
  const shown =
    io.stdout.isTTY === true
      ? lines.flatMap((text, index) => (index > 0 && index < table ? text : wrapTo(text, columns)))
      : lines
  return `${shown.join('\n')}\n`
}

/** What fits the terminal: a line that wraps, or scrolls away, cannot be drawn over. */
function liveLines(path: PathEvidence, { language }: TraceRequest, io: Io): string[] {
  const columns = io.stdout.columns ?? 80
  const rows = rowsOf(io.stdout)
  const options = { language, colour: !io.env.NO_COLOR, running: true, compact: true, columns }
  const fitted = (maxHops?: number) =>
    traceTable(path, { ...options, ...(maxHops !== undefined && { maxHops }) })
  const hopLines = path.hops.length
  const whole = wrapped(fitted(), hopLines, columns)
  if (whole.length < rows) return whole
  const others = whole.length - hopLines
  const fewer = Math.max(2, rows - 1 - others)
  return wrapped(fitted(fewer), Math.min(fewer, hopLines), columns).slice(0, rows - 1)
}

/** The table is cut, what follows it is wrapped. */
function wrapped(lines: readonly string[], hopLines: number, columns: number): string[] {
  return lines.flatMap((line, index) =>
    index < hopLines + 2 ? Bun.sliceAnsi(line, 0, columns) : wrapTo(line, columns),
  )
}

function rowsOf(stdout: Writer): number {
  return 'rows' in stdout && typeof stdout.rows === 'number' ? stdout.rows : 24
}
