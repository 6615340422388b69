import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { found } from '../cache/testing/scripted-upstream.ts'
import { HOP_HEADER } from './hops.ts'
import { rawRequest } from './testing/raw-request.ts'
import { INSTANCE, type RelayRoom, relayRoom } from './testing/relay-room.ts'

const text = (words: string) => new TextEncoder().encode(words)
const strangers = '203.0.113.9'

let room: RelayRoom
beforeEach(async () => {
  room = await relayRoom()
})
afterEach(() => room[Symbol.asyncDispose]())

function says(name: string, body: string): void {
  room.upstream.script(`${name}/@v/list`, () => found(text(body)))
}

describe('what is private', () => {
  test.each([
    ['a view', '/go/view/private-a'],
    ['a body', '/go/private-a/@v/list'],
    ['a file', '/go/private-a/@v/v1.0.0.zip'],
    ['what is passed on', '/go/forward/private-a'],
  ])('%s is refused to others, asked or not, and shown to this machine and to a token', async (_, path) => {
    for (const file of ['list', 'v1.0.0.zip'])
      room.upstream.script(`private-a/@v/${file}`, () => found(text('abc')))
    room.upstream.answers.push({
      kind: 'answered',
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: text('{}'),
      source: 'origin.example',
    })
    room.peer = strangers
    expect((await room.get(path)).status).toBe(403)
    expect([room.upstream.requests.length, room.upstream.sent.length]).toEqual([0, 0])
    room.peer = '127.0.0.1'
    for (let turn = 0; turn < 4; turn++) expect((await room.get(path)).status).toBe(200)
    for (const header of ['x-forwarded-for', 'forwarded', 'via']) {
      expect((await room.get(path, { [header]: 'for=127.0.0.1' })).status).toBe(403)
    }
    room.accessTokens = ['secret']
    for (const peer of [strangers, '::ffff:203.0.113.9', '']) {
      room.peer = peer
      expect((await room.get(path)).status).toBe(403)
      expect((await room.get(path, { authorization: 'Bearer wrong' })).status).toBe(403)
      expect((await room.get(path, { 'if-none-match': '*' })).status).toBe(403)
      expect((await room.get(path, {}, 'HEAD')).status).toBe(403)
      const shown = await room.get(path, { authorization: 'Bearer secret' })
      expect([shown.status, shown.headers.get('cache-control')]).toEqual([
        200,
        expect.stringMatching(/^private|^no-store/),
      ])
    }
    expect([room.counted.length, room.relay.remembered]).toEqual([0, 0])
  })
})

describe('a web page that made its own name point here', () => {
  const ask = (host: string, path: string) =>
    rawRequest(room.server.url, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)

  test('reads nothing private; the names of the settings do', async () => {
    says('private-a', 'abc')
    const { port } = new URL(room.server.url)
    expect((await ask(`page.example:${port}`, '/go/view/private-a')).status).toContain('403')
    expect(room.upstream.requests.length).toBe(0)
    expect((await ask(`localhost:${port}`, '/go/view/private-a')).status).toContain('200')
    expect((await ask(`go.example:${port}`, '/view/private-a')).status).toContain('200')
    room.publicUrl = `http://packages.example:${port}`
    expect((await ask(`packages.example:${port}`, '/go/view/private-a')).status).toContain('200')
    expect((await ask(`page.example:${port}`, '/go/view/private-a')).status).toContain('403')
  })
})

test('names that somebody makes up take no view from those who use ours', async () => {
  says('left', 'abc')
  const { port } = new URL(room.server.url)
  const ask = async (host: string, path = '/go/view/left') => {
    const request = `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`
    return (await rawRequest(room.server.url, request)).rest
  }
  for (let name = 0; name < 40; name++) await ask(`h${name}.example`)
  expect(room.transforms.length).toBe(33)
  expect(await ask(`localhost:${port}`)).toBe(`ABC for http://localhost:${port}/go`)
  expect(await ask(`go.example:${port}`, '/view/left')).toBe(`ABC for http://go.example:${port}`)
  expect(await ask('late.example')).toBe(`ABC for ${room.server.url}/go`)
})

describe('a loop', () => {
  test.each(['/go/view/left', '/go/forward/audit', '/go/left/@v/list'])('is noticed at %s', async (path) => {
    says('left', 'abc')
    const twice = await rawRequest(
      room.server.url,
      `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nPosthaste-Hop: other\r\nPosthaste-Hop: ${INSTANCE}\r\n\r\n`,
    )
    expect(twice.status).toContain('508')
    const long = await room.get(path, {
      [HOP_HEADER]: Array.from({ length: 9 }, (_, hop) => `h${hop}`).join(', '),
    })
    expect(long.status).toBe(508)
    expect([room.upstream.requests.length, room.upstream.sent.length]).toEqual([0, 0])
  })

  test('of two that name each other ends, because what is passed on names those before', async () => {
    room.upstream.answers.push({
      kind: 'answered',
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: text('{}'),
      source: 'other.example',
    })
    await room.get('/go/forward/audit', { [HOP_HEADER]: 'first, second' })
    await room.get('/go/forward/audit')
    expect(room.upstream.sent.map(({ headers }) => headers[HOP_HEADER])).toEqual(['first, second', undefined])
  })
})
