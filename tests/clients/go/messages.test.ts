import { describe, expect } from 'bun:test'
import { makeModule } from '../../../lab/synthetic-modules.ts'
import { testUnless } from '../../support/test-unless.ts'
import { goMissing } from './go-client.ts'
import { scene } from './go-harness.ts'

const testGo = testUnless(goMissing)
const name = 'lib.example/x'
const tip = 'v1.0.1-0.20250203040506-0123456789ab'
const modules = [makeModule({ path: name, version: 'v1.0.0' }), makeModule({ path: name, version: tip })]
const files = {
  'lib.example/x/@v/list': 'v1.0.0\n',
  'lib.example/x/@latest': JSON.stringify({ Version: 'v1.0.0', Time: '2025-01-02T03:04:05Z' }),
  'lib.example/x/@v/main.info': JSON.stringify({ Version: tip, Time: '2025-02-03T04:05:06Z' }),
}
const unknownRevision = 'not found: lib.example/x@v9.9.9: invalid version: unknown revision v9.9.9'

describe.each(['URL/go', 'URL/go,direct'])('with GOPROXY=%s', (form) => {
  const proxyOf = (url: string) => form.replace('URL', url)

  testGo('go get of a branch takes the version that the branch points at', async () => {
    await using at = await scene({ modules, files })
    const product = await at.serve()
    const client = await at.client(product, { proxy: proxyOf(product.url) })
    const result = await client.run('get', `${name}@main`)
    expect(result).toMatchObject({ code: 0 })
    expect(result.output).toContain(`go: added ${name} ${tip}`)
  })

  testGo('go get of a version that does not exist says so', async () => {
    await using at = await scene({ modules, files })
    at.upstream.inject({
      pattern: '*/v9.9.9.*',
      fault: { kind: 'status', status: 404, text: unknownRevision },
    })
    const product = await at.serve()
    const client = await at.client(product, { proxy: proxyOf(product.url) })
    const result = await client.run('get', `${name}@v9.9.9`)
    expect(result.code).toBe(1)
    expect(result.output).toContain(`${name}@v9.9.9`)
    // After a 404 `go` asks the version control itself, and what that says hides what a proxy said.
    if (form === 'URL/go') expect(result.output).toContain('unknown revision v9.9.9')
    else expect(result.output).not.toContain('404 Not Found')
  })

  testGo('an outage shows its cause, and does not send the client past the proxy', async () => {
    await using at = await scene({ modules, files })
    at.upstream.inject({ pattern: '*', fault: { kind: 'status', status: 503, text: 'down for repairs' } })
    const product = await at.serve()
    const client = await at.client(product, { proxy: proxyOf(product.url) })
    const result = await client.run('get', `${name}@v1.0.0`)
    expect(result.code).toBe(1)
    expect(result.output).toMatch(/50[23] /)
    expect(result.output).toContain(new URL(at.upstream.url).host)
  })

  testGo('a denial of the upstream reaches the user with its text', async () => {
    await using at = await scene({ modules, files })
    const text = 'this module is banned here: ask security@corp.example'
    at.upstream.inject({ pattern: '*', fault: { kind: 'status', status: 403, text } })
    const product = await at.serve()
    const client = await at.client(product, { proxy: proxyOf(product.url) })
    const result = await client.run('get', `${name}@v1.0.0`)
    expect(result.code).toBe(1)
    expect(result.output).toContain('403 Forbidden')
    expect(result.output).toContain(text)
  })
})
