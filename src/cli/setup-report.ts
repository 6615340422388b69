import type { Layer } from '../clients/client.ts'
import { unsetting } from '../clients/environment.ts'
import { diffLines } from '../clients/line-diff.ts'
import { type Machine, shortPath } from '../clients/machine.ts'
import { maskedLines, maskSettings } from '../clients/mask-settings.ts'
import type { PlannedEdit } from '../clients/plan-changes.ts'
import type { ClientSetup } from '../clients/prepare-setup.ts'
import { paint, printable, type Style } from '../observe/terminal-text.ts'
import { hanging } from './setup-hanging.ts'

interface Look {
  readonly colour: boolean
  readonly machine: Machine
  /** Columns of the terminal; undefined: there is none. */
  readonly width: number | undefined
}

const CONTEXT = 1

/** What a person decides on: for each client what is set, by whom, what would be, and the change. */
export function planReport(setups: readonly ClientSetup[], look: Look): string[] {
  const shownEdits: PlannedEdit[] = []
  return setups.flatMap((setup, index) => {
    const lines = oneClient(setup, look, shownEdits)
    if (setup.outcome.possible) shownEdits.push(...setup.outcome.edits)
    return index === 0 ? lines : ['', ...lines]
  })
}

/** Said before anything is written: a client that knows one address only stands and falls with it. */
export function dependenceLines(setups: readonly ClientSetup[], { width }: Pick<Look, 'width'>): string[] {
  const titles = setups.flatMap(({ client, outcome, wanted }) => {
    const isLedToUs = outcome.possible && !wanted.isPublic(wanted.address)
    // Go's list goes on behind us.
    return isLedToUs && client.id !== 'go' ? [client.title] : []
  })
  const [first] = titles
  if (first === undefined) return []
  const [who, has, they] =
    titles.length === 1
      ? [first, 'has', 'it fetches']
      : [`${titles.slice(0, -1).join(', ')} and ${titles.at(-1)}`, 'have', 'they fetch']
  const text = `${who} ${has} no second address: while Posthaste is down, ${they} nothing new.`
  return ['', hanging('', text, width)]
}

function oneClient(setup: ClientSetup, look: Look, above: readonly PlannedEdit[]): string[] {
  const { client, now, outcome, isInstalled, isServed, wanted } = setup
  const say = (lead: string, text: string) => hanging(lead, shown(text), look.width)
  const warn = (text: string) => say(`  ${paint('!', 'yellow', look.colour)} `, text)
  const bad = (text: string) => say(`  ${paint('✗', 'red', look.colour)} `, text)
  const lines = [isInstalled ? client.title : `${client.title} (not installed)`]
  lines.push(say('  now   ', now === undefined ? 'nothing is set: the built-in default' : layerText(now)))
  if (!outcome.possible) {
    return [...lines, bad(`not written: ${outcome.reason}`), say('    ', outcome.hint)]
  }
  const { plan, edits, obstacles } = outcome
  const isDone = edits.every(({ kind }) => kind === 'unchanged')
  lines.push(say('  then  ', `${plan.value}${isDone ? ', as it is set already' : ''}`))
  for (const layer of obstacles) {
    lines.push(bad(`it would not win: ${layer.where} says ${layer.value}`), say('    ', remedy(layer)))
  }
  if (!isServed && wanted.address.endsWith(client.path)) {
    lines.push(warn(`${client.path}/ is not served yet: ${client.title} would find nothing there`))
  }
  for (const note of plan.notes) lines.push(warn(note))
  return [...lines, ...edits.flatMap((edit) => editLines(edit, look, above))]
}

/** How what stands above is taken away. */
function remedy({ setter, where }: Layer): string {
  if (setter === 'environment') return unsetting(where)
  return setter === 'project' ? `take it out of ${where}, or use --scope project` : `take it out of ${where}`
}

function layerText({ where, value, setter }: Layer): string {
  return `${value ?? ''}  (${setter === 'default' ? where : `${setter}: ${where}`})`
}

function editLines(
  edit: PlannedEdit,
  { machine, colour, width }: Look,
  above: readonly PlannedEdit[],
): string[] {
  if (edit.kind === 'unchanged') return []
  if (edit.kind === 'refused') {
    const path = shortPath(edit.path, machine)
    return [
      hanging(`  ${paint('✗', 'red', colour)} `, shown(`${path} is left alone: ${edit.reason}`), width),
      hanging('    ', shown(edit.hint), width),
    ]
  }
  const { path, found, before, after, command } = edit.change
  const link = found.realPath === path ? '' : ` → ${shortPath(found.realPath, machine)}`
  const isAbove = above.some(
    (one) => one.kind === 'change' && one.change.path === path && one.change.after === after,
  )
  if (isAbove) return [`  ${shown(shortPath(path, machine))}: the same change as above`]
  const how = command === undefined ? '' : `, as '${command}' does`
  const isNew = found.bytes === undefined ? 'new file ' : ''
  const text = `${isNew}${shortPath(path, machine)}${link}${how}`
  return [hanging('  ', shown(text), width), ...diffText(before, after, colour).map((line) => `    ${line}`)]
}

/** A line diff with a little around it, secrets masked. */
export function diffText(before: string, after: string, colour: boolean): string[] {
  const script = diffLines(before, after)
  const isNear = (index: number) =>
    script.slice(Math.max(0, index - CONTEXT), index + CONTEXT + 1).some(({ kind }) => kind !== 'same')
  const marks = { same: ' ', removed: '-', added: '+' } as const
  const styles: Record<keyof typeof marks, Style> = { same: 'dim', removed: 'red', added: 'green' }
  // As whole texts, since a secret may go on below the line with its name.
  const [masked, maskedAfter] = [maskedLines(before).values(), maskedLines(after).values()]
  const lines: string[] = []
  for (const [index, { kind }] of script.entries()) {
    const removed = kind === 'added' ? undefined : masked.next().value
    const added = kind === 'removed' ? undefined : maskedAfter.next().value
    const line = removed ?? added ?? ''
    if (isNear(index))
      lines.push(paint(`${marks[kind]} ${readable(line.replace(/\r?\n$/, ''))}`, styles[kind], colour))
    else if (index > 0 && isNear(index - 1)) lines.push(paint('  …', 'dim', colour))
  }
  if (lines.at(-1)?.includes('…')) lines.pop()
  return lines
}

/** Masked, and safe on a terminal; tabs stay what they look like. */
export function shown(text: string): string {
  return readable(maskSettings(text))
}

function readable(text: string): string {
  return printable(text.replaceAll('\t', '  '))
}
