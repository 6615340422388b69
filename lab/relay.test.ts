import { expect, test } from 'bun:test'
import net from 'node:net'
import { startFakeGoproxy } from './fake-goproxy.ts'
import { fetchRaw } from './raw-client.ts'
import { startRelay } from './relay.ts'
import { makeModule, modulePath } from './synthetic-modules.ts'

const module = makeModule({ path: 'm.example/x', version: 'v1.0.0', sizeBytes: 3_000_000 })
const zipPath = modulePath(module.path, module.version, 'zip')

// Lower bounds only: what the relay adds is at least what was asked for, however busy the machine is.
test('a fresh connection costs two round trips, a kept one costs one', async () => {
  await using upstream = await startFakeGoproxy({ modules: [module] })
  await using relay = await startRelay({ toPort: upstream.port, oneWayMs: 30 })
  const began = performance.now()
  const socket = net.connect(relay.port, '127.0.0.1')
  const ask = () => {
    const answered = new Promise((resolve) => socket.once('data', resolve))
    socket.write('GET /m.example/x/@v/list HTTP/1.1\r\nHost: x\r\n\r\n')
    return answered
  }
  await ask()
  const first = performance.now() - began
  await ask()
  const second = performance.now() - began - first
  socket.destroy()
  expect(first).toBeGreaterThan(118)
  expect(second).toBeGreaterThan(58)
})

test('bytes arrive whole and in order, both ways', async () => {
  await using upstream = await startFakeGoproxy({ modules: [module] })
  await using relay = await startRelay({ toPort: upstream.port, oneWayMs: 5 })
  const answer = await fetchRaw(`http://127.0.0.1:${relay.port}/${zipPath}`)
  expect([answer.end, answer.body.length]).toEqual(['whole', module.zip.length])
  expect(answer.body.equals(module.zip)).toBe(true)
})

test('a rate holds the line back', async () => {
  await using upstream = await startFakeGoproxy({ modules: [module] })
  await using relay = await startRelay({ toPort: upstream.port, oneWayMs: 0, bytesPerSecond: 10_000_000 })
  const began = performance.now()
  expect((await fetchRaw(`http://127.0.0.1:${relay.port}/${zipPath}`)).end).toBe('whole')
  expect(performance.now() - began).toBeGreaterThan(280)
})

test('an end from the far side comes through as a short body, a lost upstream as an end', async () => {
  await using upstream = await startFakeGoproxy({ modules: [module] })
  upstream.inject({ pattern: '*', fault: { kind: 'truncate', afterBytes: 1000 } })
  await using relay = await startRelay({ toPort: upstream.port, oneWayMs: 1 })
  const cut = await fetchRaw(`http://127.0.0.1:${relay.port}/${zipPath}`)
  expect([cut.end, cut.body.length]).toEqual(['short', 1000])
  await upstream[Symbol.asyncDispose]()
  const gone = await fetchRaw(`http://127.0.0.1:${relay.port}/${zipPath}`, { idleMs: 3000 })
  expect(['short', 'reset']).toContain(gone.end)
})
