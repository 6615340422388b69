/** Lines with their ends, so that joined they are the text again. */
export function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? []
}

/** The line end that a text uses; `\n` for one that has none. */
export function lineEnd(text: string): '\r\n' | '\n' {
  return /\r?\n/.exec(text)?.[0] === '\r\n' ? '\r\n' : '\n'
}

/** A line without its end. */
export function bare(line: string): string {
  return line.replace(/\r?\n$/, '')
}

/** The text with lines added at its end; a last line without an end gets one first. */
export function withAppended(text: string, added: readonly string[]): string {
  const end = lineEnd(text)
  const start = text === '' || text.endsWith('\n') ? text : text + end
  return start + added.map((line) => line + end).join('')
}

/** The text with lines put before the line of this index; `linesOf(text).length` is its end. */
export function withInserted(text: string, at: number, added: readonly string[]): string {
  const lines = linesOf(text)
  if (at >= lines.length) return withAppended(text, added)
  const end = lineEnd(text)
  return [...lines.slice(0, at), ...added.map((line) => line + end), ...lines.slice(at)].join('')
}

/** A span of the text replaced. */
export function withSpan(text: string, start: number, end: number, written: string): string {
  return text.slice(0, start) + written + text.slice(end)
}

/** The number of the line that holds this offset, from 1. */
export function lineNumber(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length
}
