import { linesOf } from './text-lines.ts'

/**
 * A value in the file of `go env -w`, as cmd/go/internal/cfg reads it: the last line `NAME=value` counts. Its first
 * character is A to Z, it ends at `\n` alone, and nothing is trimmed, so that a `\r` is a part of the value.
 */
export function goEnvValue(text: string, name: string): string | undefined {
  const line = linesOf(text).findLast((one) => nameOf(one) === name)
  return line?.slice(name.length + 1).replace(/\n$/, '')
}

/** Sets one name: the line that counts is written anew, else one is added behind the last that Go reads. */
export function setGoEnvValue(text: string, name: string, value: string): string {
  if (goEnvValue(text, name) === value) return text
  const written = `${name}=${value}\n`
  const lines = linesOf(text)
  const at = lines.findLastIndex((line) => nameOf(line) === name)
  if (at !== -1) return [...lines.slice(0, at), written, ...lines.slice(at + 1)].join('')
  const last = lines.findLastIndex((line) => nameOf(line) !== undefined)
  const place = last === -1 ? lines.length : last + 1
  const above = lines.slice(0, place).join('')
  const gap = above === '' || above.endsWith('\n') ? '' : '\n'
  return [above, gap, written, ...lines.slice(place)].join('')
}

/** Undefined for a line that Go passes over. */
function nameOf(line: string): string | undefined {
  return /^([A-Z][^=\n]*)=/.exec(line)?.[1]
}
