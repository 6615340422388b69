import { type TraceOptions, traceBounds, traceDefaults } from '../doctor/path/trace-options.ts'
import type { TraceTarget } from '../doctor/path/trace-path.ts'
import type { Language } from '../doctor/path/verdict-words.ts'
import { type FlagSpecs, parseFlags } from './flags.ts'
import { readTarget, withoutUser } from './trace-target.ts'
import { languageOf } from './trace-words.ts'

export const traceFlags: FlagSpecs = {
  tcp: { type: 'boolean', summary: 'TCP SYN to the port, 443 by default. This is the default.' },
  udp: { type: 'boolean', summary: 'UDP, to port 33434 by default.' },
  icmp: { type: 'boolean', summary: 'ICMP echo.' },
  four: { type: 'boolean', short: '4', summary: 'IPv4 only.' },
  six: { type: 'boolean', short: '6', summary: 'IPv6 only.' },
  rounds: { type: 'string', summary: 'Ends after so many rounds; by default 10, on a terminal with Ctrl-C.' },
  interval: { type: 'string', summary: 'Milliseconds from round to round; 1000 by default, 200 at least.' },
  'max-hops': { type: 'string', summary: 'The largest TTL, 30 by default.' },
  flows: {
    type: 'string',
    summary: 'Source ports that rounds take in turn, so that equal paths show; 4 by default.',
  },
  numeric: { type: 'boolean', short: 'n', summary: 'Looks up no names of hosts.' },
  json: { type: 'boolean', summary: 'Prints JSON.' },
  csv: { type: 'boolean', summary: 'Prints a line for each hop, with commas.' },
  report: { type: 'string', summary: 'Writes a web page to this file, complete in itself.' },
  lang: { type: 'string', summary: 'en or zh; by default as the locale says.' },
  help: { type: 'boolean', short: 'h', summary: 'Prints this.' },
}

export interface TraceRequest {
  readonly target: TraceTarget
  readonly options: TraceOptions
  readonly format: 'table' | 'json' | 'csv'
  readonly report?: string
  readonly language: Language
}

export type TraceArguments =
  | { readonly ok: true; readonly request: TraceRequest }
  | { readonly ok: true; readonly request: 'help' }
  | { readonly ok: false; readonly message: string }

/** Reads the command line. `live` is a terminal that is drawn on until Ctrl-C. */
export function readTraceArguments(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  isTerminal: boolean,
): TraceArguments {
  const parsed = parseFlags(args, traceFlags)
  if (!parsed.ok) return parsed
  const { values, positionals } = parsed
  const isSet = (name: string) => values[name] === true || values[name] === 'true'
  const text = (name: string) => (typeof values[name] === 'string' ? values[name] : undefined)
  if (isSet('help')) return { ok: true, request: 'help' }
  const [written, extra] = positionals
  if (written === undefined) return wrong('which HOST or HOST:PORT?')
  if (extra !== undefined) return wrong(`'trace' takes no '${withoutUser(extra)}'`)
  const target = readTarget(written)
  if (!target.ok) return target
  const protocols = (['tcp', 'udp', 'icmp'] as const).filter(isSet)
  if (protocols.length > 1)
    return wrong(`${protocols.map((name) => `--${name}`).join(' and ')} do not go together`)
  if (isSet('four') && isSet('six')) return wrong('-4 and -6 do not go together')
  if (isSet('json') && isSet('csv')) return wrong('--json and --csv do not go together')
  const lang = text('lang')
  const language = languageOf(lang, env)
  if (language === undefined) return wrong(`--lang ${withoutUser(lang ?? '')}: only en and zh are known`)
  const format = isSet('json') ? 'json' : isSet('csv') ? 'csv' : 'table'
  const untilStopped = isTerminal && format === 'table'
  const rounds = whole('rounds', text('rounds'), traceBounds.rounds)
  const interval = whole('interval', text('interval'), traceBounds.intervalMs)
  const maxHops = whole('max-hops', text('max-hops'), traceBounds.maxHops)
  const flows = whole('flows', text('flows'), traceBounds.flows)
  for (const number of [rounds, interval, maxHops, flows])
    if (typeof number === 'string') return wrong(number)
  const report = text('report')
  return {
    ok: true,
    request: {
      target: { host: target.host, ...(target.port !== undefined && { port: target.port }) },
      options: {
        protocol: protocols[0] ?? traceDefaults.protocol,
        ...(isSet('four') && { family: 4 }),
        ...(isSet('six') && { family: 6 }),
        rounds: typeof rounds === 'number' ? rounds : untilStopped ? 0 : traceDefaults.rounds,
        ...(typeof interval === 'number' && { intervalMs: interval }),
        ...(typeof maxHops === 'number' && { maxHops }),
        ...(typeof flows === 'number' && { flows }),
        names: !isSet('numeric'),
      },
      format,
      ...(report !== undefined && { report }),
      language,
    },
  }
}

/** The number, the reason why it is none, or undefined when it was left out. */
function whole(
  name: string,
  written: string | undefined,
  { min, max }: { readonly min: number; readonly max: number },
): number | string | undefined {
  if (written === undefined) return undefined
  const number = /^\d{1,9}$/.test(written) ? Number(written) : Number.NaN
  return number >= min && number <= max
    ? number
    : `--${name} ${withoutUser(written)}: a whole number from ${min} to ${max}`
}

function wrong(message: string): { readonly ok: false; readonly message: string } {
  return { ok: false, message }
}
