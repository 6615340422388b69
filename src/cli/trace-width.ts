/** Terminal columns of a text: wide East Asian characters take two, colours none. */
export function displayWidth(text: string): number {
  return Bun.stringWidth(text)
}

export function padTo(text: string, width: number, side: 'left' | 'right'): string {
  const blank = ' '.repeat(Math.max(0, width - displayWidth(text)))
  return side === 'left' ? text + blank : blank + text
}

/** Breaks a line into lines of at most `width` columns, at spaces where there are some. */
export function wrapTo(line: string, width: number): string[] {
  if (displayWidth(line) <= width) return [line]
  return Bun.wrapAnsi(line, width, { hard: true, trim: false }).split('\n')
}
