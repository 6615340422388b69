import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { goMissing } from '../clients/go/go-client.ts'
import { startProduct } from '../support/product.ts'
import { testUnless } from '../support/test-unless.ts'
import { type VerifyLab, verifyLab } from './verify-lab.ts'

let lab: VerifyLab
beforeAll(async () => {
  lab = await verifyLab()
}, 60_000)
afterAll(() => lab[Symbol.asyncDispose]())

describe('wrong use', () => {
  test.each([
    ['nmp', "there is no client 'nmp'; did you mean npm?"],
    ['go --timeout soon', '--timeout is a number of seconds'],
    ['go --timeout 0', '--timeout is a number of seconds'],
    ['go --package go=x', '--package is NAME@VERSION'],
    ['go --jsn', 'unknown flag --jsn'],
    ['go --url http://127.0.0.1:1/npm', '--url is the address without /npm'],
  ])('%s', async (line, words) => {
    const { code, out, err } = await lab.verify(line)
    expect([code, out]).toEqual([64, ''])
    expect(err).toContain(words)
  })
})

test('a word for two clients that are not here: each is told', async () => {
  const { code, out } = await lab.verify('yarn', { PATH: '/nowhere' })
  expect(code).toBe(2)
  expect(out).toContain('– Yarn 1: not installed: its command is not on the PATH')
  expect(out).toContain('– Yarn 4: not installed: its command is not on the PATH')
})

const go = testUnless(goMissing)

go(
  'for people: one block with the verdict, three proofs, and for a fault the cause and the remedy',
  async () => {
    const fine = await lab.verify('go')
    expect(fine.out).toMatch(
      /^✓ Go: in effect: .*\n +tried .*\n +client ✓ .*\n +log +✓ the marker arrived.*\n +bytes +✓ h1:.* as the checksum database has it/,
    )
    const bypassed = await lab.verify('go', { GOPROXY: lab.go.url })
    expect(bypassed.out).toContain('✗ Go: bypassed')
    expect(bypassed.out).toMatch(
      / why +GOPROXY: GOPROXY \(environment\) says .*which stands above .*go\/env\n +fix +unset GOPROXY/,
    )
  },
)

go('no source is asked for the marker, and the page tells of no refusal', async () => {
  // Another run went past the relay, and asked the source itself.
  lab.go.resetCounts()
  expect((await lab.verify('go')).code).toBe(0)
  expect(Object.keys(lab.go.counts().paths).filter((path) => path.includes('posthaste-verify'))).toEqual([])
  const status = await (await fetch(`${lab.product.url}/api/status`)).json()
  expect(JSON.stringify(status)).not.toContain('posthaste-verify-')
})

go('credentials of an address are not shown', async () => {
  const { out } = await lab.verify('go --json', { GOPROXY: `${lab.go.url.replace('//', '//me:s3cret@')}` })
  expect(out).toContain('bypassed')
  expect(out).not.toContain('s3cret')
})

go('a client that hangs is ended in time, and that is no verdict', async () => {
  using _ = lab.go.inject({ pattern: '*/@v/v9.0.0.info', fault: { kind: 'stall', afterBytes: 'headers' } })
  const { code, out } = await lab.verify('go --timeout 2 --package go=tiny.example/Lab@v9.0.0')
  expect(out).toContain('it did not end within 2 s')
  expect(code).toBe(2)
})

go('a relay that runs and tells no stranger what arrived', async () => {
  // Behind a proxy that names itself, a peer of this machine is nobody who may ask.
  await using front = await forwardingFront(lab.product.url)
  await lab.write('config/go/env', `GOPROXY=${front.url}/go\nGOSUMDB=${lab.go.sumdb}\n`)
  const { code, out } = await lab.verify(`go --url ${front.url}`)
  await lab.write('config/go/env', `GOPROXY=${lab.product.url}/go\nGOSUMDB=${lab.go.sumdb}\n`)
  expect(out).toContain('log    ? could not be read: The admin API answers this machine only')
  expect([code, out.includes('✓ Go: in effect')]).toEqual([0, true])
})

testUnless(Bun.which('npm') === null ? 'npm is not here' : undefined)(
  'another registry at a path of the same host is another registry',
  async () => {
    await using front = await forwardingFront(lab.product.url, { at: '/nexus/npm', to: lab.npm.url })
    const { code, out } = await lab.verify(`npm --url ${front.url}`, {
      npm_config_registry: `${front.url}/nexus/npm/`,
    })
    expect(out).toContain('log    ? could not be read')
    expect(out).toContain('✗ npm: bypassed: it went to ')
    expect(out).toContain(`elsewhere: ${front.url}/nexus/npm/tiny-lab`)
    expect(out).toContain(`says ${front.url}/nexus/npm/`)
    expect(code).toBe(1)
    const own = await lab.verify(`npm --url ${front.url}`, { npm_config_registry: `${front.url}/npm/` })
    expect(own.out).toContain('✓ npm: in effect')
    expect(own.code).toBe(0)
  },
)

go('a relay that is offline is asked for what it keeps', async () => {
  const { code: warmed } = await lab.verify('go')
  expect(warmed).toBe(0)
  await lab.product.stop()
  const listen = new URL(lab.product.url).host
  await using offline = await startProduct({
    dataDir: lab.dataDir,
    listen,
    args: ['--offline'],
    env: { POSTHASTE_GO_UPSTREAM: lab.go.url, POSTHASTE_GO_SUMDB: lab.go.sumdb },
  })
  const { code, out } = await lab.verify(`go --url ${offline.url}`, {}, {}, [])
  expect(out).toContain('tried    tiny.example/Lab v1.0.0')
  expect([code, out.includes('✓ Go: in effect')]).toEqual([0, true])
})

/** Hands everything on to another address and names itself, as nginx does; one path to a registry beside it. */
async function forwardingFront(to: string, beside?: { readonly at: string; readonly to: string }) {
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: async (request) => {
      const { pathname, search, origin } = new URL(request.url)
      const headers = new Headers(request.headers)
      headers.set('x-forwarded-for', '192.0.2.1')
      // `fetch` unpacks a body and leaves the header that says it is packed.
      headers.set('accept-encoding', 'identity')
      const { method } = request
      if (beside === undefined || !pathname.startsWith(`${beside.at}/`)) {
        return fetch(`${to}${pathname}${search}`, { method, headers, redirect: 'manual' })
      }
      headers.delete('host')
      const answer = await fetch(`${beside.to}${pathname.slice(beside.at.length)}`, { method, headers })
      if (answer.headers.get('content-type')?.includes('json') !== true) return answer
      const text = (await answer.text()).replaceAll(beside.to, `${origin}${beside.at}`)
      return new Response(text, { status: answer.status, headers: { 'content-type': 'application/json' } })
    },
  })
  return { url: `http://127.0.0.1:${server.port}`, [Symbol.asyncDispose]: () => server.stop(true) }
}
