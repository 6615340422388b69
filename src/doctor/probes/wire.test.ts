import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { parseResolverFile } from '../resolver-file.ts'
import { parseNameServer } from './ask-name-server.ts'
import { clientHello, readFirstBytes } from './client-hello.ts'
import { readAnswer, writeQuestion } from './dns-message.ts'
import { BodyReader, readHead } from './http-answer.ts'

describe('DNS messages', () => {
  test('no bytes make the reader throw or hang', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void readAnswer(Buffer.from(bytes))))
  })

  test('a damaged answer is read or refused, never more than it holds', () => {
    const answer = Buffer.concat([
      Buffer.from([0, 7, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]),
      writeQuestion(7, 'a.example', 'A').subarray(12),
      Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 10, 1, 2, 3]),
    ])
    expect(readAnswer(answer)).toEqual({ id: 7, responseCode: 0, truncated: false, addresses: ['10.1.2.3'] })
    for (let length = 0; length < answer.length; length++)
      expect(readAnswer(answer.subarray(0, length))).toBeUndefined()
  })

  test('a question is no answer', () => {
    expect(readAnswer(writeQuestion(1, 'a.example', 'A'))).toBeUndefined()
  })

  test.each(['', 'a..b', `${'x'.repeat(64)}.example`, `${'abcdefg.'.repeat(40)}example`])(
    '%p is no host name',
    (name) => {
      expect(() => writeQuestion(1, name, 'A')).toThrow(RangeError)
    },
  )
})

describe('TLS', () => {
  const random = new Uint8Array(96).fill(7)

  test('a hello has its lengths right and names the host once', () => {
    const hello = clientHello({ serverName: 'mirror.example', random })
    expect(hello.readUInt16BE(3)).toBe(hello.length - 5)
    expect(hello.readUIntBE(6, 3)).toBe(hello.length - 9)
    expect(hello.toString('latin1').split('mirror.example')).toHaveLength(2)
    expect(clientHello({ serverName: undefined, random }).includes('mirror')).toBe(false)
  })

  test.each([
    [[21, 3, 3, 0, 2, 2, 40], { kind: 'alert', alert: 40 }],
    [[22, 3, 3, 0, 90, 2], { kind: 'server-hello' }],
    [[...Buffer.from('HTTP/1.1 400')], { kind: 'not-tls' }],
    [[21, 3, 3], { kind: 'incomplete' }],
    [[], { kind: 'incomplete' }],
  ])('%p', (bytes, expected) => {
    expect(readFirstBytes(Uint8Array.from(bytes))).toEqual(expected as never)
  })
})

describe('HTTP answers', () => {
  test('a chunked body is the same however it is cut', () => {
    const head = { status: 200, headers: new Map([['transfer-encoding', 'chunked']]) }
    const wire = Buffer.from('5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nTrailer: z\r\n\r\n')
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 12 })), (cuts) => {
        const body = new BodyReader(head, 1_000)
        let at = 0
        for (const cut of [...cuts, wire.length]) {
          body.push(wire.subarray(at, at + cut))
          at += cut
        }
        expect(body.bytes().toString()).toBe('hello world')
        expect(body.isWhole(false)).toBe(true)
      }),
    )
  })

  test('no bytes make the head reader throw', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void readHead(Buffer.from(bytes))))
  })

  test('an interim answer is passed over', () => {
    const read = readHead(Buffer.from('HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\nA: b\r\n\r\nbody'))
    expect(read).toMatchObject({ head: { status: 200 }, length: 47 })
  })
})

test.each([
  ['223.5.5.5', { address: '223.5.5.5', port: 53 }],
  ['127.0.0.1:5353', { address: '127.0.0.1', port: 5353 }],
  ['[2400:3200::1]:53', { address: '2400:3200::1', port: 53 }],
])('the name server %p', (text, expected) => {
  expect(parseNameServer(text)).toEqual(expected)
})

test('resolv.conf: the last search line, comments, IPv6 with a zone', () => {
  const text =
    'nameserver 10.0.0.1 # here\nnameserver fe80::1%eth0\nsearch a.example\nsearch b.example c.example\noptions rotate ndots:5\n'
  expect(parseResolverFile(text)).toEqual({
    nameServers: ['10.0.0.1', '[fe80::1]'],
    searchDomains: ['b.example', 'c.example'],
    ndots: 5,
  })
})
