import { clients } from '../clients/clients.ts'
import { type Machine, shortPath } from '../clients/machine.ts'
import { paint, type Style } from '../observe/terminal-text.ts'
import type { GoProject } from '../verify/go-project.ts'
import type { Proof } from '../verify/judge-run.ts'
import { hanging } from './setup-hanging.ts'
import { shown } from './setup-report.ts'
import type { ClientOutcome } from './verify-outcome.ts'

interface Look {
  readonly colour: boolean
  readonly machine: Machine
  /** Columns of the terminal; undefined: there is none. */
  readonly width: number | undefined
}

const verdictWords = {
  'in-effect': ['✓', 'green', 'in effect'],
  bypassed: ['✗', 'red', 'bypassed'],
  broken: ['✗', 'red', 'broken'],
  unknown: ['?', 'yellow', 'could not tell'],
  'not-served': ['–', 'dim', 'not served'],
  'not-installed': ['–', 'dim', 'not installed'],
} as const satisfies Readonly<Record<ClientOutcome['verdict'], readonly [string, Style, string]>>

const stateMarks = {
  good: ['✓', 'green'],
  bad: ['✗', 'red'],
  problem: ['✗', 'red'],
  warning: ['!', 'yellow'],
  unknown: ['?', 'yellow'],
} as const satisfies Readonly<Record<string, readonly [string, Style]>>

/** One client: the verdict, the three proofs, and what to do. */
export function clientLines(outcome: ClientOutcome, { colour, width }: Look): string[] {
  const title = clients.find(({ id }) => id === outcome.client)?.title ?? outcome.client
  const [mark, style, words] = verdictWords[outcome.verdict]
  const labelled = (label: string, text: string) => hanging(`    ${label}`, shown(text), width)
  const head = hanging(
    `${paint(mark, style, colour)} `,
    `${title}: ${words}: ${shown(outcome.summary)}`,
    width,
  )
  const why = outcome.reasons.flatMap(({ text, fix }) => [
    labelled(`${paint('why', 'yellow', colour)}      `, text),
    // A command is to be copied: it is never wrapped here.
    `    ${paint('fix', 'green', colour)}      ${shown(fix)}`,
  ])
  if (outcome.kind === 'left-out') return [head, ...why]
  const { pinned, trace, log, bytes, notes } = outcome
  const proof = (name: string, { state, text }: Proof) => {
    const [sign, colouring] = stateMarks[state]
    return labelled(`${name.padEnd(7)}${paint(sign, colouring, colour)} `, text)
  }
  return [
    head,
    labelled('tried    ', `${pinned.name} ${pinned.version}, ${outcome.tookMs} ms`),
    proof('client', trace),
    proof('log', log),
    proof('bytes', bytes),
    ...why,
    ...notes.map((note) => labelled(`${paint('note', 'dim', colour)}     `, note)),
  ]
}

export function projectLines({ folder, checks }: GoProject, { colour, machine, width }: Look): string[] {
  return [
    `The Go project in ${shown(shortPath(folder, machine))}`,
    ...checks.flatMap(({ id, state, text, fix }) => {
      const [mark, style] = stateMarks[state]
      const line = hanging(`    ${paint(mark, style, colour)} ${id.padEnd(13)}`, shown(text), width)
      return fix === '' ? [line] : [line, `${' '.repeat(15)}${paint('fix', 'green', colour)} ${shown(fix)}`]
    }),
  ]
}
