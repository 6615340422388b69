import { describe, expect, test } from 'bun:test'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { NameCache } from './name-cache.ts'
import { systemNetwork } from './network.ts'

/** A name server that knows `mirror.example` (TTL 7 s), denies everything else, or says nothing at all. */
async function nameServer(options: { readonly silent?: boolean; readonly rcode?: number } = {}) {
  const socket = createSocket('udp4')
  const asked: number[] = []
  socket.on('message', (query, { port, address }) => {
    const type = query.readUInt16BE(query.length - 4)
    const nameEnd = query.indexOf(0, 12)
    asked.push(type)
    if (options.silent === true) return
    const name = query.subarray(13, nameEnd).toString('latin1')
    const known = options.rcode === undefined && name.startsWith('mirror')
    const question = query.subarray(12, nameEnd + 5)
    const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 7, 0, 4, 127, 0, 0, 1])
    const hasRecord = known && question.readUInt16BE(question.length - 4) === 1
    const head = Buffer.alloc(12)
    query.copy(head, 0, 0, 2)
    head.writeUInt16BE(0x8180 | (known ? 0 : (options.rcode ?? 3)), 2)
    head.writeUInt16BE(1, 4)
    head.writeUInt16BE(hasRecord ? 1 : 0, 6)
    socket.send(Buffer.concat([head, question, ...(hasRecord ? [record] : [])]), port, address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return {
    address: `127.0.0.1:${socket.address().port}`,
    asked,
    [Symbol.asyncDispose]: async () => void socket.close(),
  }
}

describe('configured name servers', () => {
  test('are asked for both families, and their TTL is kept', async () => {
    await using server = await nameServer()
    const network = systemNetwork([server.address])
    expect(await network.lookup('mirror.example')).toEqual({
      addresses: [{ address: '127.0.0.1', family: 4 }],
      ttlMs: 7000,
    })
    expect(server.asked.length).toBeGreaterThanOrEqual(2)
  })

  test.each([
    [3, /does not exist/],
    [2, /resolver failed/],
    [5, /resolver failed/],
  ])('that answer with rcode %d give a dns failure', async (rcode, message) => {
    await using server = await nameServer({ rcode })
    const { lookup } = systemNetwork([server.address])
    const names = new NameCache({ lookup, now: Date.now, dnsMs: 3000 })
    const error = await names.resolve('other.example').catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ failure: { code: 'dns', message: expect.stringMatching(message) } })
  })

  test('that say nothing are given up in time', async () => {
    await using server = await nameServer({ silent: true })
    const { lookup } = systemNetwork([server.address])
    const names = new NameCache({ lookup, now: Date.now, dnsMs: 100 })
    const error = await names.resolve('mirror.example').catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({
      failure: { code: 'dns', message: expect.stringMatching(/did not answer/) },
    })
  })

  test('that are down leave it to the next one', async () => {
    await using silent = await nameServer({ silent: true })
    await using server = await nameServer()
    const network = systemNetwork([silent.address, server.address])
    expect((await network.lookup('mirror.example')).addresses).toEqual([{ address: '127.0.0.1', family: 4 }])
  })
})

test('localhost is this machine, with and without name servers', async () => {
  for (const network of [systemNetwork(), systemNetwork(['127.0.0.1:1'])]) {
    const { addresses } = await network.lookup('localhost')
    expect(addresses.some(({ address }) => address === '127.0.0.1' || address === '::1')).toBe(true)
  }
})
