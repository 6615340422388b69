import type { Writer } from './io.ts'

/** Draws lines in place of those drawn before; for a terminal only. */
export class LiveScreen {
  readonly #out: Writer
  #drawn = 0

  constructor(out: Writer) {
    this.#out = out
  }

  /** Lines longer than the terminal are cut, because one that wraps would take two rows and break the count. */
  draw(lines: readonly string[]): void {
    const width = this.#out.columns ?? 80
    const text = lines.map((line) => `${cut(line, width)}\n`).join('')
    this.#out.write(`${this.#upAndClear()}${text}`)
    this.#drawn = lines.length
  }

  clear(): void {
    this.#out.write(this.#upAndClear())
    this.#drawn = 0
  }

  #upAndClear(): string {
    return this.#drawn === 0 ? '' : `\x1b[${this.#drawn}A\r\x1b[J`
  }
}

/** Cuts by visible characters; colours cost nothing, and what follows a cut one is reset. */
export function cut(line: string, width: number): string {
  let visible = 0
  let kept = ''
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the terminal's own sequences
  for (const part of line.match(/\x1b\[[0-9;]*m|./gsu) ?? []) {
    if (part.startsWith('\x1b')) kept += part
    else if (visible < width - 1) kept += part
    else if (visible === width - 1) kept += '…'
    if (!part.startsWith('\x1b')) visible++
  }
  return visible <= width ? line : `${kept}\x1b[0m`
}
