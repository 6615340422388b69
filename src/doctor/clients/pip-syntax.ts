import { bare, linesOf } from '../../clients/text-lines.ts'

export interface Mistake {
  /** From 1. */
  readonly line: number
  readonly what: string
}

/**
 * The first line for which pip gives up its whole file. pip reads it with Python's `RawConfigParser()`: strict, `=` and
 * `:` as delimiters, `#` and `;` at the start of a line as comments, indented lines as continuations.
 */
export function pipMistake(text: string): Mistake | undefined {
  const known = new Set<string>()
  let section: string | undefined
  let option = false
  let depth = 0
  for (const [index, raw] of linesOf(text).entries()) {
    const line = bare(raw)
    const trimmed = line.trim()
    if (trimmed === '' || /^[#;]/.test(trimmed)) continue
    const mistake = (what: string): Mistake => ({ line: index + 1, what })
    const indent = line.length - line.trimStart().length
    if (option && indent > depth) continue
    depth = indent
    const header = /^\[([^\]]+)\]/.exec(trimmed)?.[1]
    if (header !== undefined) {
      if (known.has(header)) return mistake(`the section [${header}] stands there twice`)
      known.add(header)
      section = header
      option = false
      continue
    }
    if (section === undefined) return mistake('no section such as [global] stands above it')
    const at = trimmed.search(/[=:]/)
    if (at < 1) return mistake(at === 0 ? 'a name is missing before it' : "it has no '=' behind a name")
    const key = trimmed.slice(0, at).trim().toLowerCase()
    if (known.has(`${section}\n${key}`)) return mistake(`'${key}' stands twice in [${section}]`)
    known.add(`${section}\n${key}`)
    option = true
  }
  return undefined
}
