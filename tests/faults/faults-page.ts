import { faultGroups, faultTable } from './fault-table.ts'

const introduction = `<!-- Written by \`npm run docs\` from tests/faults/; change it there. -->

# Faults

What happens to a source, and what a client and its user get. Each line is a test that injects the fault into the real
server's sources and checks the promise: \`npm test -- tests/faults\` runs them all. What holds for every line:

- No request hangs. Sources that give no answer cost \`upstream.budgetMs\` (10 s) at most, all of them together; a source
  whose body stalls costs \`upstream.stallMs\`, and once more where its own continuation stalls too.
- The first line of an error names the source and what it did, and then what to do about it.
- Nothing wrong is kept, and what is sent never ends cleanly when it is not whole and proved.
- When the fault is over the next request works; a source that could not even be connected to is tried again after a second.
- The last source that is left is asked once more when its connection failed or its gateway did (502, 503, 504 without a time to
  come back), as long as no more than a fifth of the requests need it: most clients never ask twice.

Two kinds of lists matter. *Equal* sources are joined by \`|\`: whatever one does, the client gets a whole body from another.
From the *only* source, or after a \`,\`, the client gets an error with a status. A source whose bytes have been proved often has
a clean record: they are passed on while they come, so a fault in the middle of them cuts the connection and the
download fails; nothing of it is kept. The codes are those of \`posthaste_upstream_errors_total\` and \`/api/upstreams\`; [operations](operations.md#failure-codes)
says what each means.
`

/** docs/faults.md, from the table that the tests run. */
export function faultsPage(): string {
  const groups = Object.entries(faultGroups).map(([title, rows]) => {
    const lines = rows.map(
      ({ id, injected, promised, code }) =>
        `| ${id} | ${cell(injected)} | ${cell(promised)} | ${code === undefined ? '' : `\`${code}\``} |`,
    )
    return `## ${title}\n\n| fault | what is injected | what is promised | code |\n|---|---|---|---|\n${lines.join('\n')}\n`
  })
  return `${introduction}\n${groups.join('\n')}\n## By code\n\n${byCode()}`
}

function byCode(): string {
  const codes = [...new Set(faultTable.flatMap(({ code }) => code ?? []))].sort()
  const lines = codes.map((code) => {
    const ids = faultTable.filter((row) => row.code === code).map(({ id }) => id)
    return `| \`${code}\` | ${ids.join(', ')} |`
  })
  return `| code | faults |\n|---|---|\n${lines.join('\n')}\n
\`offline\` (nobody was asked, because the settings say so) and \`aborted\` (the answer was not wanted any more) are no fault of a source.
`
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}
