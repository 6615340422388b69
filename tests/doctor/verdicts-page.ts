import { en } from '../../src/doctor/text/en/en.ts'
import { type VerdictId, verdictIds } from '../../src/doctor/verdict.ts'
import { faultGroups, faultTable } from './fault-table.ts'
import { machineFaults, nodeFaults, pathFaults } from './path-faults.ts'
import { resetFaults } from './reset-faults.ts'

/** Verdicts whose fault no test can inject here; what decides them is tested with evidence made by hand. */
export const decidedByHand: Readonly<Partial<Record<VerdictId, string>>> = {
  'path.fault': "the tracer's own tests inject its faults: src/doctor/path, tests/trace",
}

const introduction = `<!-- Written by \`npm run docs\` from tests/doctor/; change it there. -->

# Verdicts

What \`posthaste doctor\` can find. Each fault below is injected for real: servers that reset, stall, lie or speak
another protocol, name servers of our own, and network namespaces with firewalls, small MTUs and missing routes. A
test runs the doctor over it and wants exactly the verdicts that are named, and no other: the matrix is its diagonal.
A healthy network gives none (30 runs), two faults at once give both. \`npm test -- tests/doctor\` runs them;
those over namespaces need root and are skipped, with the reason, without it.

A verdict keeps the name of what was observed. Why it happens is its cause, in brackets: \`unexplained\` where there was
nothing to compare with. How sure it is: *certain* (the protocol says so), *likely* (repeated, and a control
differs), *possible* (seen once, or without a control).
`

/** docs/verdicts.md, from the tables that the tests run. */
export function verdictsPage(): string {
  const groups = {
    ...faultGroups,
    'The way there': [...pathFaults, ...nodeFaults, ...resetFaults],
    'The machine': machineFaults,
  }
  const tables = Object.entries(groups).map(([title, rows]) => {
    const lines = rows.map(
      ({ fault, verdicts }) => `| ${cell(fault)} | ${verdicts.map(code).join(', ') || 'none'} |`,
    )
    return `### ${title}\n\n| injected | verdicts |\n|---|---|\n${lines.join('\n')}\n`
  })
  return `${introduction}
## The matrix

How many of the injected faults lead to each verdict; in no other may it show up.

| verdict | what it says | faults |
|---|---|---|
${verdictIds.map(matrixLine).join('\n')}

${verdictIds.length} verdicts, ${allFaults.length} faults. A dash: see the note.

${Object.entries(decidedByHand)
  .map(([id, why]) => `- \`${id}\`: ${why}`)
  .join('\n')}

## The faults

${tables.join('\n')}`
}

const allFaults = [...faultTable, ...pathFaults, ...nodeFaults, ...resetFaults, ...machineFaults]

/** How many faults lead to a verdict. */
export function faultsOf(id: VerdictId): number {
  return allFaults.filter(({ verdicts }) => verdicts.some((verdict) => verdict.split(' ')[0] === id)).length
}

function matrixLine(id: VerdictId): string {
  const count = faultsOf(id)
  return `| ${code(id)} | ${cell(en.verdicts[id].title)} | ${count === 0 ? '–' : count} |`
}

function code(text: string): string {
  return `\`${text}\``
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}
