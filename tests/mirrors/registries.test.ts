import { describe, expect, test } from 'bun:test'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { candidatesOf } from '../../src/mirrors/candidates.ts'
import { joinCatalogue } from '../../src/mirrors/catalogue.ts'
import { measureMirrors } from '../../src/mirrors/measure-mirrors.ts'
import type { Measurement } from '../../src/mirrors/measurement.ts'
import { readCatalogue } from '../../src/mirrors/read-catalogue.ts'
import { labCatalogue, startLabMirror } from './lab-mirrors.ts'

const file = Buffer.alloc(5000, 'package ')
const sha256 = new Bun.CryptoHasher('sha256').update(file).digest('hex')

interface Layout {
  readonly ecosystem: string
  readonly probe: string
  readonly metadata: string
  readonly canary: string
  /** By path below the base; `FILES` stands for the host of the files. */
  readonly served: Readonly<Record<string, string | Buffer>>
}

const layouts: readonly Layout[] = [
  {
    ecosystem: 'npm',
    probe: 'ms/-/ms-1.tgz',
    metadata: 'ms/1',
    canary: 'busy/latest',
    served: { 'ms/-/ms-1.tgz': file, 'ms/1': '{}', 'busy/latest': '{"version":"2.0.0"}' },
  },
  {
    ecosystem: 'maven',
    probe: 'a/b/1/b-1.jar',
    metadata: 'a/b/1/b-1.pom',
    canary: 'a/b/maven-metadata.xml',
    served: {
      'a/b/1/b-1.jar': file,
      'a/b/1/b-1.pom': '<project/>',
      'a/b/maven-metadata.xml': '<versions><version>2.0.0</version></versions>',
    },
  },
  {
    ecosystem: 'pypi',
    probe: 'six/six-1-py3-none-any.whl',
    metadata: 'six/',
    canary: 'busy/',
    served: {
      'six/': `<!DOCTYPE html><a href="FILES/x/six-1-py3-none-any.whl#sha256=${sha256}">six</a>`,
      'x/six-1-py3-none-any.whl': file,
      'busy/': '<a href="busy-2.0.0.whl">busy</a>',
    },
  },
  {
    ecosystem: 'cargo',
    probe: 'syn/2.0.0',
    metadata: '3/s/syn',
    canary: '3/s/syn',
    served: {
      'config.json': '{"dl":"FILES/crates/{crate}/{version}/file"}',
      'crates/syn/2.0.0/file': file,
      '3/s/syn': '{"name":"syn","vers":"2.0.0"}\n',
    },
  },
]

function serve(served: Layout['served'], filesAt?: string) {
  return Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: (request, server) => {
      const body = served[new URL(request.url).pathname.slice(1)]
      if (body === undefined) return new Response('no', { status: 404 })
      const text = filesAt ?? `http://127.0.0.1:${server.port}`
      if (typeof body !== 'string') return new Response(body)
      const type = layoutType(body)
      return new Response(body.replaceAll('FILES', text), { headers: { 'Content-Type': type } })
    },
  })
}

async function measure(text: string, env: Record<string, string> = {}): Promise<Measurement | undefined> {
  const result = readCatalogue('lab.yaml', text)
  const catalogue = result.ok ? joinCatalogue(result.file, []) : undefined
  if (catalogue === undefined) throw new Error(JSON.stringify(result))
  const [measurement] = await measureMirrors({
    catalogue,
    candidates: candidatesOf({ catalogue, inUse: [], origins: [], nowMs: 0 }),
    version: '0.0.0',
    env,
    signal: AbortSignal.timeout(20_000),
    limits: { smallMs: 2000, sampleMs: 1000, stepMs: 1000 },
  })
  return measurement
}

const catalogueOf = ({ ecosystem, probe, metadata, canary }: Layout, address: string, hash = sha256) =>
  `ecosystem: ${ecosystem}
reference: { build: b, requests: 10, bytes: 1000, concurrency: 1 }
probes:
  small: { path: ${probe}, hash: "sha256:${hash}", bytes: ${file.length} }
  medium: { path: ${probe}, hash: "sha256:${hash}", bytes: ${file.length} }
  metadata: [${metadata}]
  canaries: [{ name: busy, path: ${canary} }]
mirrors:
  - { id: lab, operator: lab, region: world, kind: relay, addresses: ["${address}"], status: candidate, provenance: test }
`

describe('each registry is measured in its own way:', () => {
  for (const layout of layouts) {
    test(layout.ecosystem, async () => {
      using registry = serve(layout.served)
      const found = await measure(catalogueOf(layout, `http://127.0.0.1:${registry.port}`))
      expect(found?.fault).toBeUndefined()
      expect(found?.errors).toBe(0)
      expect([...(found?.canaries.get('busy') ?? [])].join()).toContain('2.0.0')
      expect(found?.rounds).toHaveLength(3)
      expect(found?.fileHost).toBeUndefined()
    })
    test(`${layout.ecosystem}, with wrong bytes`, async () => {
      using registry = serve(layout.served)
      const wrong = '0'.repeat(64)
      const found = await measure(catalogueOf(layout, `http://127.0.0.1:${registry.port}`, wrong))
      expect(found?.fault).toMatchObject({ code: 'wrong-content' })
    })
  }
  for (const layout of layouts.filter(({ ecosystem }) => ecosystem === 'pypi' || ecosystem === 'cargo')) {
    test(`${layout.ecosystem}, whose files lie on another host`, async () => {
      using files = serve(layout.served)
      const address = `http://127.0.0.1:${files.port}`
      using registry = serve(layout.served, address)
      const found = await measure(catalogueOf(layout, `http://127.0.0.1:${registry.port}`))
      expect(found?.fault).toBeUndefined()
      expect(found?.fileHost).toBe(`127.0.0.1:${files.port}`)
    })
    test(`${layout.ecosystem}, whose files' host is down, is of no use`, async () => {
      using registry = serve(layout.served, 'http://127.0.0.1:1')
      const found = await measure(catalogueOf(layout, `http://127.0.0.1:${registry.port}`))
      expect(found?.fault).toMatchObject({ code: 'connect' })
    })
  }
})

test('through a forward proxy everything but the steps of the connection is measured', async () => {
  await using mirror = await startLabMirror()
  await using proxy = await forwardProxy(mirror.url)
  const text = labCatalogue([{ id: 'far', address: 'http://mirror.example' }])
  const found = await measure(text, { HTTP_PROXY: `http://127.0.0.1:${proxy.port}` })
  expect(found).toMatchObject({ fault: undefined, proxied: true, reach: undefined, range: 'resumes' })
})

/** Forwards requests in absolute form to one address, whatever host they name. */
async function forwardProxy(target: string): Promise<AsyncDisposable & { port: number }> {
  const server: Server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '')
    const { range, 'if-range': ifRange } = request.headers
    const headers = { ...(range && { range }), ...(typeof ifRange === 'string' && { 'if-range': ifRange }) }
    const answer = await fetch(`${target}${pathname}`, { headers })
    response.writeHead(answer.status, Object.fromEntries(answer.headers))
    response.end(Buffer.from(await answer.arrayBuffer()))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function layoutType(body: string): string {
  return body.includes('<a ') ? 'text/html' : 'text/plain'
}
