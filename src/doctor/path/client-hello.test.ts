import { expect, test } from 'bun:test'
import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { createServer } from 'node:tls'
import { leafCertificate, leafKey } from '../../upstream/testing/certificates.ts'
import { clientHello } from './client-hello.ts'

const handshake = 0x16
const serverHello = 2

test.each(['TLSv1.3', 'TLSv1.2'] as const)(
  'a server of %s answers it with a ServerHello',
  async (version) => {
    const server = createServer({
      key: leafKey,
      cert: leafCertificate,
      minVersion: version,
      maxVersion: version,
    })
    server.on('tlsClientError', () => undefined)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    socket.write(clientHello('mirror.example'))
    const [answer] = (await once(socket, 'data')) as [Buffer]
    socket.destroy()
    server.close()
    expect([answer[0], answer[5]]).toEqual([handshake, serverHello])
  },
)

test('it carries the name, and lengths that fit', () => {
  const hello = Buffer.from(clientHello('mirror.example', (length) => new Uint8Array(length)))
  expect(hello.readUInt16BE(3)).toBe(hello.length - 5)
  expect(hello.readUIntBE(6, 3)).toBe(hello.length - 9)
  expect(hello.includes('mirror.example')).toBe(true)
})
