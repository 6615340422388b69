import { layers } from '../doctor/evidence.ts'
import type { Report, Verdict } from '../doctor/report.ts'
import type { Progress } from '../doctor/run.ts'
import type { Speaker } from '../doctor/text/speak.ts'
import { humanDuration } from '../observe/human.ts'
import { columns, paint, type Style } from '../observe/terminal-text.ts'

export interface ViewOptions {
  readonly speaker: Speaker
  readonly colour: boolean
  /** Columns of the terminal; text is wrapped at it. */
  readonly width: number
}

const mostSeen = 4
const slowAfterMs = 10_000

/** The report as people read it: verdict first, then what was seen, then what to do. */
export function doctorText(report: Report, options: ViewOptions): string[] {
  const { speaker, colour } = options
  const own = report.targets.filter(({ role }) => role !== 'control')
  const names = own.map(({ address }) => address).join(', ')
  const lines = report.verdicts.flatMap((verdict) => [...verdictLines(verdict, options), ''])
  if (report.outcome === 'healthy')
    lines.push(paint(`✓ ${speaker.ui('healthy', { targets: names })}`, 'green', colour))
  if (report.outcome === 'unknown') lines.push(paint(`? ${speaker.ui('unknown')}`, 'yellow', colour))
  if (!report.complete) lines.push(paint(`! ${speaker.ui('incomplete')}`, 'yellow', colour))
  const [first] = report.verdicts
  if (first !== undefined && report.verdicts.length > 1) {
    const todo = firstStep(first)
    lines.push(
      paint(`→ ${speaker.ui('first')} ${first.title}`, 'yellow', colour),
      ...(todo === undefined ? [] : [`  ${todo}`]),
    )
  }
  const counts = { targets: names, took: humanDuration(report.tookMs), probes: report.evidence.length }
  lines.push(paint(speaker.ui('looked', counts), 'dim', colour))
  return lines
}

function verdictLines(verdict: Verdict, { speaker, colour, width }: ViewOptions): string[] {
  const sure: Style = verdict.confidence === 'possible' ? 'yellow' : 'red'
  const mark = verdict.confidence === 'possible' ? '!' : '✗'
  const head = `${mark} ${verdict.target}: ${verdict.title}`
  const tail = `[${verdict.id}, ${speaker.texts.confidence[verdict.confidence]}]`
  const labels = (['seen', 'control', 'cause', 'fix', 'setIn'] as const).map((key) => speaker.ui(key))
  const indent = 4 + Math.max(...labels.map(columns)) + 2
  const block = (label: string, lines: readonly string[]): string[] =>
    lines.flatMap((line, index) =>
      wrap(line, width - indent).map(
        (part, row) => `${' '.repeat(4)}${padded(index === 0 && row === 0 ? label : '', indent - 4)}${part}`,
      ),
    )
  const seen = verdict.evidence.slice(0, mostSeen)
  const more = verdict.evidence.length - seen.length
  return [
    ...wrap(head, width).map((line, row) => paint(row === 0 ? line : `  ${line}`, sure, colour)),
    paint(`    ${tail}`, 'dim', colour),
    ...(verdict.foundIn === null ? [] : block(labels[4] ?? '', [verdict.foundIn])),
    ...block(labels[0] ?? '', more > 0 ? [...seen, `… +${more}`] : seen),
    ...block(labels[1] ?? '', [verdict.control ?? speaker.ui('noControl')]),
    ...(verdict.because === null ? [] : block(labels[2] ?? '', [verdict.because])),
    ...block(labels[3] ?? '', verdict.fix.split('\n')).map((line) =>
      /^\s+(\S+\s+)?\$ /.test(line) ? paint(line, 'green', colour) : line,
    ),
  ]
}

function firstStep({ fix }: Verdict): string | undefined {
  const lines = fix.split('\n')
  return lines.find((line) => line.startsWith('$ ')) ?? lines[0]
}

/** What is being looked at now, for a terminal. */
export class ProgressView {
  readonly #speaker: Speaker
  readonly #now: () => number
  readonly #open = new Map<string, { readonly progress: Progress; readonly atMs: number }>()
  readonly #done = new Map<string, number>()

  constructor(speaker: Speaker, now: () => number) {
    this.#speaker = speaker
    this.#now = now
  }

  take(progress: Progress): void {
    const key = `${progress.layer} ${progress.target}`
    if (progress.state === 'begun') this.#open.set(key, { progress, atMs: this.#now() })
    else if (this.#open.delete(key)) this.#done.set(progress.layer, (this.#done.get(progress.layer) ?? 0) + 1)
  }

  lines(colour: boolean): string[] {
    const open = [...this.#open.values()]
    const row = layers
      .filter((layer) => this.#done.has(layer) || open.some(({ progress }) => progress.layer === layer))
      .map((layer) => {
        const busy = open.some(({ progress }) => progress.layer === layer)
        return paint(
          `${busy ? '…' : '✓'} ${this.#speaker.texts.layers[layer]}`,
          busy ? 'yellow' : 'green',
          colour,
        )
      })
      .join('  ')
    const targets = [...new Set(open.map(({ progress }) => progress.target))].join(', ')
    const late = open
      .filter(({ atMs }) => this.#now() - atMs > slowAfterMs)
      .map(({ progress }) =>
        this.#speaker.ui('slow', {
          target: progress.target,
          layer: this.#speaker.texts.layers[progress.layer],
        }),
      )
    return [this.#speaker.ui('working', { targets }), row, ...late.slice(0, 3)]
  }
}

function padded(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - columns(text)))
}

/** Breaks at spaces where there are any; commands stay whole, so that they can be copied. */
function wrap(text: string, width: number): string[] {
  if (text.startsWith('$ ') || columns(text) <= width || width < 20) return [text]
  const lines: string[] = []
  let line = ''
  for (const part of text.split(/(?<=[ ，。；：])/)) {
    if (line !== '' && columns(line) + columns(part.trimEnd()) > width) {
      lines.push(line.trimEnd())
      line = ''
    }
    line += part
  }
  return [...lines, line.trimEnd()]
}
