import { expect, test } from 'bun:test'
import { httpClientFor } from '../upstream/http-client-for.ts'
import { defaultLimits } from '../upstream/limits.ts'
import { AllowanceSpent, type Meter, type ProbeRequest, probe } from './probe-client.ts'

const meter = (maxBytes = 1e6): Meter => ({ requests: 0, answers: 0, bytes: 0, maxBytes })

/** Sends a piece of 1000 bytes at once and one more each `everyMs`. */
function dripping(everyMs: number) {
  return Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: () => {
      let timer: NodeJS.Timeout | undefined
      const body = new ReadableStream({
        start(stream) {
          const send = () => stream.enqueue(new Uint8Array(1000))
          send()
          timer = setInterval(send, everyMs)
        },
        cancel: () => clearInterval(timer),
      })
      return new Response(body)
    },
  })
}

async function ask(port: number | undefined, request: Partial<ProbeRequest>, counting = meter()) {
  const http = httpClientFor({ lists: {}, version: '0', instanceId: 'test' }, defaultLimits, Date.now)
  try {
    const url = new URL(`http://127.0.0.1:${port}/file`)
    return await probe(
      http,
      { url, maxBytes: 1e5, limitMs: 950, ...request },
      counting,
      AbortSignal.timeout(9000),
    )
  } finally {
    http.close()
  }
}

test('what came in part is timed to the end of the time, not to the last byte', async () => {
  using server = dripping(100)
  const { whole, bytes, firstByteMs, bodyMs } = await ask(server.port, { partial: true })
  expect(whole).toBe(false)
  expect(bytes.length).toBeGreaterThan(0)
  // A timer may end a millisecond early.
  expect(firstByteMs + bodyMs).toBeGreaterThan(948)
})

test('what stopped before half of the time is no answer', async () => {
  using server = dripping(60_000)
  const stalled = await ask(server.port, { partial: true }).catch((error: unknown) => error)
  expect(stalled).toMatchObject({ failure: { code: 'stall' } })
})

test('too much of one answer is the mirror’s failure, too much of all is the end of its allowance', async () => {
  using server = dripping(1)
  const own = await ask(server.port, { maxBytes: 5000 }).catch((error: unknown) => error)
  expect(own).toMatchObject({ failure: { code: 'too-large' } })
  expect(own).not.toBeInstanceOf(AllowanceSpent)
  const counting = meter(5000)
  expect(await ask(server.port, {}, counting).catch((error: unknown) => error)).toBeInstanceOf(AllowanceSpent)
  expect(await ask(server.port, {}, counting).catch((error: unknown) => error)).toBeInstanceOf(AllowanceSpent)
  expect(counting.requests).toBe(1)
})
