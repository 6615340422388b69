import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { goClient } from '../go/go-clients.ts'
import { npmClients } from '../npm/npm-clients.ts'
import { pypiClients } from '../pypi/pypi-clients.ts'
import type { ClientCase } from './client-case.ts'
import { clientCases } from './client-cases.ts'
import type { RegistryClient } from './registry-client.ts'
import { type CaseResult, type ClientResults, resultsFolder } from './results.ts'

/** `docs/clients.md`: what the last full run of each client said, case by case. */
export function clientsPage(): string {
  return [
    '# Real clients through Posthaste',
    '',
    '<!-- Generated from tests/clients/registry/results by `npm run docs`. -->',
    '',
    'Each cell is a test with the real client over loopback: against registries of our own that count what they are',
    'asked for and can be told to misbehave, with generated projects and with recorded real packages. `npm test` runs',
    "the machine's npm and pip, `npm run test:all` all of them, and",
    "`POSTHASTE_CLIENTS_RESULTS=1 npm run test:all -- tests/clients` renews this page's figures. Go has more suites in",
    '`tests/clients/go`, and `npm audit` has one in `tests/clients/npm`.',
    '',
    'Each client has a small project, which is made up, and one of middle size of real packages: 30 Go modules, 44 npm',
    'packages, 23 Python wheels. The cases about the form of addresses run on the small one.',
    '',
    ...section('Go', [goClient]),
    ...section('npm', npmClients),
    ...section('PyPI', pypiClients),
    '## What a client shows of an outage',
    '',
    'When nothing is kept and no source answers, the answer is 502 or 503, and its body says the cause and what to do.',
    'npm and go show that text. The others show the status at most: pnpm, yarn, bun, uv and poetry by themselves, pip',
    'with `-vv` and pdm with `-v`; without these, both say that there is no such version. No client but npm and go shows',
    "anything of the body. pip with `-vv`, poetry, uv, yarn 4 and pnpm 10 show the status line's reason",
    'phrase, but Bun, on which Posthaste runs, writes that by itself. For all of these the cause stands in the request',
    "log, on Posthaste's page at `/`, and in the answer: `curl` the address that failed.",
    '',
    '## The cases',
    '',
    ...clientCases.map(({ id, title }) => `- **${id}**: ${title.replace(/^(cold|warm): /, '')}.`),
    '',
    '✓ holds · ✗ does not hold, see below · – says nothing for this client, see below',
    '',
  ].join('\n')
}

/** The last full run of a client. Throws when there is none. */
export function resultsOf(client: RegistryClient): ClientResults {
  return JSON.parse(readFileSync(join(resultsFolder, `${client.id}.json`), 'utf8')) as ClientResults
}

function section(title: string, clients: readonly RegistryClient[]): string[] {
  const columns = clientCases.filter((one) => clients.some((client) => one.excused?.(client) === undefined))
  const head = ['client', 'version', 'projects', ...columns.map(({ id }) => id)]
  const rows = clients.map((client) => {
    const run = resultsOf(client)
    const cells = columns.map((one) => {
      if (one.excused?.(client) !== undefined) return '–'
      return cellOf(run.results.filter((result) => result.case === one.id))
    })
    return [client.id.replace('-', ' '), run.version ?? `not here: ${run.missing}`, projectsOf(run), ...cells]
  })
  const table = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`)
  const notes = clients.flatMap((client) =>
    notesOf(client, columns).map((note) => `- ${client.id.replace('-', ' ')}, ${note}`),
  )
  return [`## ${title}`, '', ...table, '', ...notes, '']
}

/** The small project runs every case; larger ones those that size may change. */
function projectsOf({ results }: ClientResults): string {
  return [...new Set(results.map(({ fixture }) => fixture))].sort().join('; ')
}

function cellOf(results: readonly CaseResult[]): string {
  if (results.length === 0) return 'not run'
  return results.every(({ outcome }) => outcome === 'passed') ? '✓' : '✗'
}

/** What the table's marks do not say: excuses, differences, failures. */
function notesOf(client: RegistryClient, columns: readonly ClientCase[]): string[] {
  const { results } = resultsOf(client)
  return columns.flatMap((one) => {
    const excuse = one.excused?.(client)
    if (excuse !== undefined) return [`${one.id}: ${excuse}`]
    const said = results.filter((result) => result.case === one.id && result.note !== '')
    const notes = new Set(
      said.map(({ outcome, fixture, note }) => (outcome === 'passed' ? note : `✗ (${fixture}) ${note}`)),
    )
    return notes.size === 0 ? [] : [`${one.id}: ${[...notes].join('; ')}`]
  })
}
