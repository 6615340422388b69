import { mkdir } from 'node:fs/promises'
import { availableParallelism, cpus, release, totalmem, type } from 'node:os'
import { parseArgs } from 'node:util'
import type { BenchContext, BenchRow, Finding, Peer } from './bench/row.ts'
import { namedRows, usualRows } from './bench/rows.ts'
import { labCacheFolder } from './closure.ts'

const usage = `npm run bench [-- NAME… OPTIONS]

Measures Posthaste on this machine and prints each figure with its bar.

Rows: ${usualRows.map(({ name }) => name).join(', ')}
By name only: ${namedRows.map(({ name }) => name).join(', ')}

  --quick               fewer and shorter runs, to see that a row works; not for figures
  --runs N              alternating runs (default 5; cold 3)
  --peer NAME=URL       measures another proxy beside the warm rows; its upstream must be the lab's
  --upstream-port N     where the lab's upstream listens, to point peers at it
  --program PATH        another posthaste than this repository's
  --json                one JSON document instead of the table
  --project gin|service, --rtt 0,50,200, --gomaxprocs 2,8     for cold
`

function fail(message: string): never {
  console.error(`${message}\n\n${usage}`)
  process.exit(64)
}

function parsePeer(text: string): Peer {
  const equals = text.indexOf('=')
  const url = text.slice(equals + 1)
  if (equals < 1 || !URL.canParse(url)) fail(`--peer wants NAME=URL, not ${text}`)
  return { name: text.slice(0, equals), url }
}

function parseCommandLine(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        quick: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
        runs: { type: 'string' },
        peer: { type: 'string', multiple: true, default: [] },
        'upstream-port': { type: 'string', default: '0' },
        program: { type: 'string' },
        project: { type: 'string' },
        rtt: { type: 'string' },
        gomaxprocs: { type: 'string' },
      },
    })
  } catch (error) {
    fail(error instanceof Error ? error.message : String(error))
  }
}

function rowNamed(name: string): BenchRow {
  const row = [...usualRows, ...namedRows].find((candidate) => candidate.name === name)
  return row ?? fail(`no row is called ${name}`)
}

interface RowResult {
  readonly row: string
  readonly findings: readonly Finding[]
  readonly error?: string
}

async function measure(row: BenchRow, context: BenchContext): Promise<RowResult> {
  context.progress(`\n${row.name}: ${row.title}`)
  try {
    const findings = await row.run(context)
    for (const finding of findings)
      context.progress(
        `${verdict(finding)}  ${finding.what}: ${finding.figure} (bar: ${finding.bar || 'none'}) — ${finding.detail}`,
      )
    return { row: row.name, findings }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    context.progress(`FAILED  ${row.name}: ${message}`)
    return { row: row.name, findings: [], error: message }
  }
}

function verdict({ holds }: Finding): string {
  return holds === undefined ? 'note' : holds ? 'holds' : 'MISSED'
}

function machine(): string {
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`
  return `${availableParallelism()} × ${cpus()[0]?.model.trim() ?? 'unknown CPU'}, ${memory}, ${type()} ${release()}, Bun ${Bun.version}`
}

function markdown(results: readonly RowResult[], quick: boolean): string {
  const lines = results.flatMap(({ row, findings, error }) =>
    error === undefined
      ? findings.map(
          (finding) =>
            `| ${finding.what} | ${finding.figure} | ${finding.bar} | ${verdict(finding)} | ${finding.detail} |`,
        )
      : [`| ${row} | | | FAILED | ${error.replaceAll('\n', ' ').replaceAll('|', '\\|')} |`],
  )
  const kind = quick ? 'A quick run, not for figures' : 'Measured'
  return [
    `${kind} on ${new Date().toISOString().slice(0, 10)}, ${machine()}.`,
    '',
    '| what | measured | bar | verdict | details |',
    '|---|---|---|---|---|',
    ...lines,
  ].join('\n')
}

const { values, positionals } = parseCommandLine(process.argv.slice(2))
if (values.help) {
  console.log(usage)
  process.exit(0)
}
const rows = positionals.length > 0 ? positionals.map(rowNamed) : usualRows
const runs = values.runs === undefined ? (values.quick ? 2 : 5) : Number(values.runs)
if (!(runs >= 1)) fail(`--runs wants a number, not ${values.runs}`)
const extra = { project: values.project, rtt: values.rtt, gomaxprocs: values.gomaxprocs, runs: values.runs }
const context: BenchContext = {
  quick: values.quick,
  runs,
  program: values.program,
  peers: values.peer.map(parsePeer),
  upstreamPort: Number(values['upstream-port']),
  keepFolder: labCacheFolder(),
  extra: Object.fromEntries(
    Object.entries(extra).filter((entry): entry is [string, string] => entry[1] !== undefined),
  ),
  progress: (line) => console.error(line),
}
await mkdir(context.keepFolder, { recursive: true })
const results: RowResult[] = []
for (const row of rows) results.push(await measure(row, context))
console.log(
  values.json
    ? JSON.stringify(
        { date: new Date().toISOString(), machine: machine(), quick: values.quick, results },
        null,
        2,
      )
    : `\n${markdown(results, values.quick)}`,
)
const good = results.every(
  ({ error, findings }) => error === undefined && findings.every(({ holds }) => holds !== false),
)
process.exit(good ? 0 : 1)
