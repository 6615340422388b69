import type { Verdict } from '../ecosystem.ts'
import { parseSemver } from './version.ts'

/**
 * The versions that a list names, in its order. Lines that the go command ignores (no version in front) are left
 * out.
 */
export function* listedVersions(bytes: Uint8Array): Generator<string> {
  for (const line of lines(bytes)) {
    const [first = ''] = line.split(/[ \t]/, 1)
    if (parseSemver(first) !== undefined) yield first
  }
}

/**
 * Whether this is a version list. An empty one is. Odd lines among versions are passed on, because the go command
 * ignores them, but a page or an error that came with status 200 is refused.
 */
export function checkList(bytes: Uint8Array): Verdict {
  if (bytes.includes(0)) return { verdict: 'wrong', reason: 'not a version list: it holds a NUL' }
  let blank = true
  for (const line of lines(bytes)) {
    if (line === '') continue
    blank = false
    if (/^[<{["]/.test(line)) {
      return {
        verdict: 'wrong',
        reason: `not a version list: it has a line ${JSON.stringify(line.slice(0, 40))}`,
      }
    }
  }
  if (blank || !listedVersions(bytes).next().done) return { verdict: 'sound' }
  return { verdict: 'wrong', reason: 'not a version list: no line is a version' }
}

/** Trimmed lines, decoded one by one: lists can be megabytes. */
function* lines(bytes: Uint8Array): Generator<string> {
  const decoder = new TextDecoder()
  let start = 0
  while (start < bytes.length) {
    const newline = bytes.indexOf(10, start)
    const end = newline < 0 ? bytes.length : newline
    yield decoder.decode(bytes.subarray(start, end)).trim()
    start = end + 1
  }
}
