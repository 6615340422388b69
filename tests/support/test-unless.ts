import { test } from 'bun:test'

/**
 * `test`, or a skipped test whose name carries the reason: `npm test` prints it. Use it for what a machine may
 * lack (a tool, a network), never for what the product lacks.
 */
export function testUnless(reason: string | undefined) {
  return (name: string, body: () => void | Promise<void>, timeoutMs = 60_000): void => {
    if (reason === undefined) test(name, body, timeoutMs)
    else test.skip(`${name} [skipped: ${reason}]`, body)
  }
}
