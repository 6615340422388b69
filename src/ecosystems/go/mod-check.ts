import type { Verdict } from '../ecosystem.ts'
import { parseGoMod } from './go-mod.ts'

/**
 * Whether this can be a go.mod file of a dependency: it parses and has a module line. The path in that line may be
 * another one than was asked for, because a fork that is meant for `replace` keeps the original's.
 */
export function checkMod(bytes: Uint8Array): Verdict {
  const parsed = parseGoMod(bytes)
  if (!parsed.ok)
    return { verdict: 'wrong', reason: `not a go.mod file: line ${parsed.line}: ${parsed.reason}` }
  if (parsed.file.module === undefined)
    return { verdict: 'wrong', reason: 'not a go.mod file: no module line' }
  return { verdict: 'sound' }
}
