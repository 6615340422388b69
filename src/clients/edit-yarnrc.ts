import { bare, linesOf, withAppended } from './text-lines.ts'

/** `name value`, either of them quoted, as Yarn 1 writes its .yarnrc. */
const LINE = /^("?)([^\s"#]+)\1(\s+)(?:"((?:[^"\\]|\\.)*)"|([^\s#"]\S*))(.*)$/

/** Undefined when it is not set. The last line of a name counts. */
export function readYarnrc(text: string, key: string): string | undefined {
  const found = linesOf(text)
    .map(bare)
    .map((line) => LINE.exec(line))
    .findLast((match) => match?.[2] === key)
  return found?.[4] ?? found?.[5]
}

export function setYarnrc(text: string, key: string, value: string): string {
  if (readYarnrc(text, key) === value) return text
  const lines = linesOf(text)
  const at = lines.findLastIndex((line) => LINE.exec(bare(line))?.[2] === key)
  const match = LINE.exec(bare(lines[at] ?? ''))
  if (match === null) return withAppended(text, [`${key} "${value}"`])
  const [, quote = '', name = '', gap = ' ', , , rest = ''] = match
  const end = (lines[at] ?? '').slice(bare(lines[at] ?? '').length)
  lines[at] = `${quote}${name}${quote}${gap}"${value}"${rest}${end}`
  return lines.join('')
}
