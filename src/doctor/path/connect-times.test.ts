import { expect, test } from 'bun:test'
import { createServer } from 'node:net'
import { connectTimes } from './connect-times.ts'
import type { Message } from './worker/messages.ts'

const job = { address: '127.0.0.1', rounds: 0, intervalMs: 1, timeoutMs: 60_000 }

test('a connection that the abort cuts off is neither answered nor lost', async () => {
  const server = createServer((socket) => socket.destroy())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const stop = new AbortController()
  const said: Message[] = []
  try {
    for await (const message of connectTimes({ ...job, port: address.port }, stop.signal)) {
      said.push(message)
      if (message.kind === 'sent' && message.sequence === 2) void soon(() => stop.abort())
    }
  } finally {
    server.close()
  }
  const kinds = said.map(({ kind }) => kind)
  expect(kinds.filter((kind) => kind === 'lost')).toEqual([])
  expect(kinds).toEqual(['sent', 'reply', 'round', 'sent', 'reply', 'round', 'sent', 'end'])
})

/** After the generator has begun to connect, and before the handshake can be seen. */
async function soon(act: () => void): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await undefined
  act()
}
