import { lineEnd, linesOf } from './text-lines.ts'

export type DiffLine = {
  readonly kind: 'same' | 'removed' | 'added'
  /** With its line end. */
  readonly line: string
}

/** Above this the middle counts as one replaced block: exact to the byte, only less pretty. */
const MAX_CELLS = 4_000_000

/** A shortest edit script by lines (longest common subsequence). */
export function diffLines(before: string, after: string): DiffLine[] {
  const [a, b] = [linesOf(before), linesOf(after)]
  let start = 0
  while (start < a.length && start < b.length && a[start] === b[start]) start++
  let tail = 0
  while (tail < a.length - start && tail < b.length - start && a.at(-1 - tail) === b.at(-1 - tail)) tail++
  const marked = (kind: DiffLine['kind']) => (line: string) => ({ kind, line })
  return [
    ...a.slice(0, start).map(marked('same')),
    ...middle(a.slice(start, a.length - tail), b.slice(start, b.length - tail)),
    ...a.slice(a.length - tail).map(marked('same')),
  ]
}

function middle(a: readonly string[], b: readonly string[]): DiffLine[] {
  if (a.length * b.length > MAX_CELLS || a.length === 0 || b.length === 0) {
    return [
      ...a.map((line) => ({ kind: 'removed' as const, line })),
      ...b.map((line) => ({ kind: 'added' as const, line })),
    ]
  }
  const width = b.length + 1
  const common = new Uint32Array((a.length + 1) * width)
  const cell = (row: number, column: number) => common[row * width + column] ?? 0
  for (let row = a.length - 1; row >= 0; row--) {
    for (let column = b.length - 1; column >= 0; column--) {
      common[row * width + column] =
        a[row] === b[column]
          ? cell(row + 1, column + 1) + 1
          : Math.max(cell(row + 1, column), cell(row, column + 1))
    }
  }
  const script: DiffLine[] = []
  let [row, column] = [0, 0]
  while (row < a.length || column < b.length) {
    const [left, right] = [a[row], b[column]]
    if (left !== undefined && left === right) {
      script.push({ kind: 'same', line: left })
      row++
      column++
    } else if (
      left !== undefined &&
      (right === undefined || cell(row + 1, column) >= cell(row, column + 1))
    ) {
      script.push({ kind: 'removed', line: left })
      row++
    } else if (right !== undefined) {
      script.push({ kind: 'added', line: right })
      column++
    }
  }
  return script
}

/** A run of base lines that a side replaced. */
interface Hunk {
  readonly start: number
  readonly end: number
  readonly lines: readonly string[]
}

/**
 * Joins two changes of one text, as `diff3 -m` does; undefined where both changed the same place differently.
 * With base = what we wrote, ours = what stood before, theirs = what stands now, it takes our change back and
 * keeps what came since.
 */
export function mergeThree(base: string, ours: string, theirs: string): string | undefined {
  const lines = linesOf(base)
  const [left, right] = [hunksOf(base, ours), hunksOf(base, theirs)]
  const end = lineEnd([theirs, base, ours].find((text) => text.includes('\n')) ?? '')
  const merged: string[] = []
  // A last line may have no end; where others come to follow it, it must get one.
  const push = (added: readonly string[]) => {
    const last = merged.at(-1)
    if (added.length > 0 && last !== undefined && !last.endsWith('\n')) merged.push(end)
    for (const line of added) merged.push(line)
  }
  let [at, i, j] = [0, 0, 0]
  const take = (hunk: Hunk) => {
    push(lines.slice(at, hunk.start))
    push(hunk.lines)
    at = hunk.end
  }
  while (i < left.length || j < right.length) {
    const [a, b] = [left[i], right[j]]
    if (a !== undefined && b !== undefined && overlap(a, b)) {
      if (a.start !== b.start || a.end !== b.end || a.lines.join('') !== b.lines.join('')) return undefined
      i++
      j++
      take(a)
      continue
    }
    const first = b === undefined || (a !== undefined && a.start <= b.start) ? a : b
    if (first === undefined) break
    if (first === a) i++
    else j++
    take(first)
  }
  push(lines.slice(at))
  return merged.join('')
}

/** Two insertions at one place overlap too: nothing says which comes first. */
function overlap(a: Hunk, b: Hunk): boolean {
  return a.start === b.start || (a.start < b.end && b.start < a.end)
}

function hunksOf(base: string, changed: string): Hunk[] {
  const hunks: { start: number; end: number; lines: string[] }[] = []
  let at = 0
  let open = false
  for (const { kind, line } of diffLines(base, changed)) {
    if (kind === 'same') {
      at++
      open = false
      continue
    }
    if (!open) hunks.push({ start: at, end: at, lines: [] })
    open = true
    const hunk = hunks.at(-1)
    if (hunk === undefined) continue
    if (kind === 'added') hunk.lines.push(line)
    else hunk.end = ++at
  }
  return hunks
}
