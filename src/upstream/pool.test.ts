import { expect, test } from 'bun:test'
import { connect, type Socket } from 'node:net'
import { Connection } from './connection.ts'
import { broken } from './failure.ts'
import { Pool } from './pool.ts'
import { type FakeServer, fakeServer } from './testing/fake-server.ts'

const never = new AbortController().signal

/** Dials for real; `fails` makes the next ones fail. */
function poolTo(server: FakeServer, limits: { maxConnections?: number; idleMs?: number } = {}) {
  const state = { dials: 0, fails: 0 }
  const pool = new Pool({
    host: 'mirror.example',
    limits: { maxConnections: 2, idleMs: 60_000, stallMs: 1000, ...limits },
    dial: async () => {
      state.dials++
      if (state.fails-- > 0) throw broken('connect', 'mirror.example refused the connection')
      const socket = connect(server.port, '127.0.0.1')
      await new Promise((resolve) => socket.once('connect', resolve))
      return new Connection(socket, 'mirror.example', '127.0.0.1')
    },
  })
  return { pool, state }
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 1))
}

test('the connection used last is used next', async () => {
  await using server = await fakeServer(() => undefined)
  const { pool } = poolTo(server)
  const [first, second] = await Promise.all([pool.acquire(never), pool.acquire(never)])
  pool.release(first, true)
  pool.release(second, true)
  expect(await pool.acquire(never)).toBe(second)
  pool.close()
})

test('a waiter gets the connection that is given back, or leaves when it is aborted', async () => {
  await using server = await fakeServer(() => undefined)
  const { pool } = poolTo(server, { maxConnections: 1 })
  const first = await pool.acquire(never)
  const controller = new AbortController()
  const leaving = pool.acquire(controller.signal)
  const staying = pool.acquire(never)
  controller.abort(new Error('enough'))
  expect(await leaving.catch((error: Error) => error.message)).toBe('enough')
  pool.release(first, true)
  expect(await staying).toBe(first)
  pool.close()
})

test('one connection in four is kept for whoever is waited for', async () => {
  await using server = await fakeServer(() => undefined)
  const { pool, state } = poolTo(server, { maxConnections: 4 })
  pool.warmUp(4)
  await until(() => pool.size.open === 4)
  const taken = await Promise.all([1, 2, 3].map(() => pool.acquire(never, { wanted: never })))
  const order: string[] = []
  const ahead = pool.acquire(never, { wanted: never }).then((connection) => {
    order.push('ahead')
    return connection
  })
  const waitedFor = await pool.acquire(never)
  order.push('waited for')
  pool.release(waitedFor, true)
  const again = await pool.acquire(never)
  expect([order, again]).toEqual([['waited for'], waitedFor])
  for (const connection of [again, ...taken]) pool.release(connection, true)
  expect(await ahead).toBeDefined()
  expect(state.dials).toBe(4)
  pool.close()
})

test('what somebody waits for by now has a kept connection at once', async () => {
  await using server = await fakeServer(() => undefined)
  const { pool } = poolTo(server, { maxConnections: 4 })
  pool.warmUp(4)
  await until(() => pool.size.open === 4)
  const taken = await Promise.all([1, 2, 3].map(() => pool.acquire(never, { wanted: never })))
  const wanted = new AbortController()
  const joined = pool.acquire(never, { wanted: wanted.signal })
  expect(pool.size.waiting).toBe(1)
  wanted.abort()
  expect(pool.size.waiting).toBe(0)
  for (const connection of [await joined, ...taken]) pool.release(connection, true)
  pool.close()
})

test('what somebody waits for by now stands before what nobody does', async () => {
  await using server = await fakeServer(() => undefined)
  const { pool } = poolTo(server, { maxConnections: 1 })
  const first = await pool.acquire(never)
  const order: string[] = []
  const wanted = new AbortController()
  const note = (name: string, acquired: Promise<Connection>) =>
    acquired.then((connection) => {
      order.push(name)
      pool.release(connection, true)
    })
  const both = [
    note('ahead', pool.acquire(never, { wanted: never })),
    note('joined', pool.acquire(never, { wanted: wanted.signal })),
  ]
  wanted.abort()
  pool.release(first, true)
  await Promise.all(both)
  expect(order).toEqual(['joined', 'ahead'])
  pool.close()
})

test('a single connection serves what is fetched ahead, too', async () => {
  await using server = await fakeServer(() => undefined)
  const { pool } = poolTo(server, { maxConnections: 1 })
  const first = await pool.acquire(never, { wanted: never })
  const second = pool.acquire(never, { wanted: never })
  pool.release(first, true)
  expect(await second).toBe(first)
  pool.close()
})

test('an idle connection is closed after a while, and when the other side speaks or leaves', async () => {
  await using server = await fakeServer(() => undefined)
  const { pool } = poolTo(server, { idleMs: 20 })
  pool.release(await pool.acquire(never), true)
  await until(() => pool.size.open === 0)
  for (const event of [(socket: Socket) => void socket.end(), (socket: Socket) => void socket.write('x')]) {
    await using other = await fakeServer(() => undefined, {
      onConnect: (socket) => void setTimeout(() => event(socket), 20),
    })
    const { pool: idle } = poolTo(other)
    idle.release(await idle.acquire(never), true)
    await until(() => idle.size.open === 0)
  }
})

test('one failed dial answers every waiter', async () => {
  await using server = await fakeServer(() => undefined)
  const { pool, state } = poolTo(server, { maxConnections: 1 })
  state.fails = 1
  const outcomes = await Promise.allSettled(Array.from({ length: 50 }, () => pool.acquire(never)))
  expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true)
  expect(state.dials).toBe(1)
  pool.release(await pool.acquire(never), true)
  pool.close()
})

test('a failed dial hurts nobody while a connection lives', async () => {
  await using server = await fakeServer(() => undefined)
  const { pool, state } = poolTo(server)
  const living = await pool.acquire(never)
  state.fails = 1
  const waiting = pool.acquire(never)
  await until(() => state.dials === 2)
  pool.release(living, true)
  expect(await waiting).toBe(living)
  pool.close()
})

test('a fresh connection that cannot be had answers those who wait, too', async () => {
  await using server = await fakeServer(() => undefined)
  const { pool, state } = poolTo(server)
  state.fails = 2
  const outcomes = await Promise.allSettled([pool.acquire(never, { fresh: true }), pool.acquire(never)])
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  pool.close()
})

test('after closing nothing is handed out and nothing stays open', async () => {
  await using server = await fakeServer(() => undefined)
  const { pool } = poolTo(server, { maxConnections: 1 })
  await pool.acquire(never)
  const waiting = pool.acquire(never)
  pool.close()
  const outcomes = await Promise.allSettled([
    waiting,
    pool.acquire(never),
    pool.acquire(never, { fresh: true }),
  ])
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
  await until(() => server.open === 0)
})
