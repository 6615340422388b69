import { afterEach, expect, test } from 'bun:test'
import { request as httpRequest } from 'node:http'
import type { EcosystemId } from '../ecosystems/ecosystem.ts'
import { AskingRequest } from './entrance.ts'
import { type HttpServer, startHttpServer } from './server.ts'

let server: HttpServer | undefined
afterEach(async () => {
  await server?.stop(true)
})

/** Answers with what an adapter would see. */
function open(more: { hosts?: Record<string, EcosystemId>; publicUrl?: string } = {}): HttpServer {
  server = startHttpServer({
    listen: { host: '127.0.0.1', port: 0 },
    own: [{ id: 'npm', listen: { host: '127.0.0.1', port: 0 } }],
    hosts: () => new Map(Object.entries(more.hosts ?? {})),
    publicUrl: () => more.publicUrl,
    relay: {
      handle(request, path, entrance) {
        const asking = new AskingRequest(request, entrance, entrance.root ?? 'npm')
        const { base, atRoot, query, method } = asking
        const peer = entrance.peer(request)
        return Response.json({ root: entrance.root ?? null, path, base, atRoot, query, method, peer })
      },
    },
    admin: Object.create(null),
    ready: () => true,
    metrics: () => '',
    home: () => ({ html: '', csp: '' }),
    crashed: (error) => {
      throw error
    },
  })
  return server
}

/** `fetch` would choose the `Host` itself. */
function ask(url: string, host: string): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(url, { headers: { host } }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('end', () => resolve(JSON.parse(Buffer.concat(chunks).toString())))
    })
    sent.on('error', reject)
    sent.end()
  })
}

test('below a prefix, the base is the address that the client used, and the prefix', async () => {
  const { url } = open()
  const { port } = new URL(url)
  expect(await ask(`${url}/npm/x?write=true`, `proxy.corp.example:${port}`)).toEqual({
    root: null,
    path: '/npm/x',
    base: `http://proxy.corp.example:${port}/npm`,
    atRoot: false,
    query: 'write=true',
    method: 'GET',
    peer: '127.0.0.1',
  })
})

test('an address of its own has the registry at the root', async () => {
  const { own } = open()
  const [npm] = own
  const asked = await ask(`${npm?.url}/x`, new URL(npm?.url ?? '').host)
  expect(asked).toMatchObject({ root: 'npm', path: '/x', base: npm?.url, atRoot: true })
})

test('a host name of its own too, whatever its case and port', async () => {
  const { url } = open({ hosts: { 'npm.corp.example': 'npm' } })
  expect(await ask(`${url}/x`, 'NPM.corp.example:7678')).toMatchObject({
    root: 'npm',
    base: 'http://npm.corp.example:7678',
  })
  expect(await ask(`${url}/x`, 'corp.example')).toMatchObject({ root: null })
})

test('the public address stands above what a client says', async () => {
  const { url } = open({ publicUrl: 'https://packages.corp.example' })
  expect(await ask(`${url}/npm/x`, 'whatever')).toMatchObject({ base: 'https://packages.corp.example/npm' })
})

test('names that somebody makes up are believed only so often', async () => {
  const { url } = open()
  for (let count = 0; count < 40; count++) await ask(`${url}/npm/x`, `n${count}.example`)
  expect(await ask(`${url}/npm/x`, 'n3.example')).toMatchObject({ base: 'http://n3.example/npm' })
  expect(await ask(`${url}/npm/x`, 'n39.example')).toMatchObject({ base: `${url}/npm` })
})

test('an own address that is in use frees the others', async () => {
  const { own } = open()
  const taken = Number(new URL(own[0]?.url ?? '').port)
  const listen = { host: '127.0.0.1', port: 0 }
  const options = {
    listen,
    own: [{ id: 'npm' as const, listen: { host: '127.0.0.1', port: taken } }],
    relay: { handle: () => undefined },
    admin: Object.create(null),
    ready: () => true,
    metrics: () => '',
    home: () => ({ html: '', csp: '' }),
    crashed: () => undefined,
  }
  expect(() => startHttpServer(options)).toThrow(`the address 127.0.0.1:${taken} is in use`)
})
