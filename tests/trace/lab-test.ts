import { test } from 'bun:test'

/** Most of a trace is waiting: some run side by side, few enough that they do not make each other slow. */
const width = 4

let running = 0
const waiting: (() => void)[] = []

/** Like `testUnless`, side by side with others of the file. */
export function labTest(reason: string | undefined) {
  return (name: string, body: () => Promise<void>, timeoutMs = 120_000): void => {
    if (reason === undefined) test.concurrent(name, () => inTurn(body), timeoutMs)
    else test.skip(`${name} [skipped: ${reason}]`, body)
  }
}

async function inTurn(body: () => Promise<void>): Promise<void> {
  if (running >= width) await new Promise<void>((resolve) => waiting.push(resolve))
  running++
  try {
    await body()
  } finally {
    running--
    waiting.shift()?.()
  }
}
