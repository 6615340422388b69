import { createInterface } from 'node:readline/promises'
import type { Io } from './io.ts'

/** Ctrl-C or Ctrl-D in the place of an answer: nothing more is asked or written. */
export class Interrupted extends Error {
  readonly code = 'INTERRUPTED'
  readonly hint = 'what was written before stays'

  constructor() {
    super('stopped')
  }
}

/** A yes-or-no question on the terminal; undefined where there is none on both ends. Anything but yes is no. Throws Interrupted. */
export function askOnTerminal(io: Io): ((question: string) => Promise<boolean>) | undefined {
  if (io.stdout.isTTY !== true || !process.stdin.isTTY) return undefined
  return async (question) => {
    const lines = createInterface({ input: process.stdin, output: process.stdout })
    const ended = new AbortController()
    lines.once('close', () => ended.abort())
    try {
      const answer = await lines.question(`${question} [y/N] `, { signal: ended.signal })
      return /^y(es)?$/i.test(answer.trim())
    } catch (error) {
      throw ended.signal.aborted ? new Interrupted() : error
    } finally {
      lines.close()
    }
  }
}
