import { expect, test } from 'bun:test'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type FakeGoproxy, startFakeGoproxy } from '../../lab/fake-goproxy.ts'
import { makeModule } from '../../lab/synthetic-modules.ts'
import type { UpstreamsAnswer } from '../../src/cli/upstreams-command-report.ts'
import { startProduct } from '../support/product.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const module = 'busy.example/x'
const versions = ['v1.0.0', 'v1.1.0', 'v1.2.0'].map((version) => makeModule({ path: module, version }))
const list = `${module}/@v/list`
const idOf = ({ url }: FakeGoproxy) => new URL(url).host

/** A `go` that knows its settings, and ships with an origin. */
async function fakeGo(folder: string, origin: string): Promise<string> {
  const GOROOT = join(folder, 'goroot')
  const bin = join(folder, 'bin')
  await Promise.all([mkdir(GOROOT), mkdir(bin)])
  await writeFile(join(GOROOT, 'go.env'), `GOPROXY=${origin},direct\n`)
  const env = {
    GOPROXY: 'direct',
    GOSUMDB: 'off',
    GOPRIVATE: '',
    GONOPROXY: '',
    GONOSUMDB: '',
    GOROOT,
    GOENV: 'off',
  }
  await writeFile(join(bin, 'go'), `#!/bin/sh\ncat <<'END'\n${JSON.stringify(env)}\nEND\n`)
  await chmod(join(bin, 'go'), 0o755)
  return bin
}

/** An origin, a mirror that lags two versions behind it, and a product that has both as equals. */
async function scene() {
  const parts = new AsyncDisposableStack()
  const { path } = parts.use(await temporaryFolder('origin-first'))
  const origin = parts.use(await startFakeGoproxy({ modules: versions }))
  const mirror = parts.use(await startFakeGoproxy({ modules: versions.slice(0, 1) }))
  const bin = await fakeGo(path, origin.url)
  await mkdir(join(path, 'home'))
  const product = parts.use(
    await startProduct({
      dataDir: join(path, 'home', 'data'),
      env: {
        PATH: `${bin}:${process.env.PATH ?? ''}`,
        POSTHASTE_GO_UPSTREAM: `${mirror.url}|${origin.url},direct`,
        POSTHASTE_GO_SUMDB: 'off',
        POSTHASTE_GO_TTL_LIST_MS: '0',
        POSTHASTE_AHEAD_ENABLED: 'false',
        POSTHASTE_MIRRORS_PROBE_INTERVAL_MS: '300ms',
      },
      log: 'off',
    }),
  )
  const get = async (file: string) => await fetch(`${product.url}/go/${file}`)
  const known = async () => (await (await fetch(`${product.url}/api/upstreams`)).json()) as UpstreamsAnswer
  return { origin, mirror, product, get, known, [Symbol.asyncDispose]: () => parts.disposeAsync() }
}

test('lists come from the origin that the toolchain ships with, files from either; a mirror’s lag is shown', async () => {
  await using at = await scene()
  expect(await (await at.get(list)).text()).toBe('v1.0.0\nv1.1.0\nv1.2.0\n')
  expect(at.mirror.requestsOf(list)).toBe(0)
  expect((await at.get(`${module}/@v/v1.2.0.mod`)).status).toBe(200)

  const deadline = performance.now() + 20_000
  let { sources } = await at.known()
  while (!sources.some(({ lag }) => lag?.lacks) && performance.now() < deadline) {
    await Bun.sleep(50)
    sources = (await at.known()).sources
  }
  expect(sources.filter((one) => one.list === 'go').map(({ id, origin }) => [id, origin])).toEqual([
    [idOf(at.mirror), false],
    [idOf(at.origin), true],
  ])
  expect(sources[0]?.lag).toMatchObject({ behind: 2, at: module, lacks: 'v1.2.0' })
  expect(sources[1]?.lag).toBeUndefined()
  expect(at.mirror.requestsOf(list)).toBeGreaterThan(0)
  const metrics = await (await fetch(`${at.product.url}/metrics`)).text()
  expect(metrics).toContain(`posthaste_upstream_versions_behind{list="go",source="${idOf(at.mirror)}"} 2`)
  expect(metrics).toContain(`source="${idOf(at.origin)}",class="metadata",state="healthy"} 1`)
  const page = await (await fetch(`${at.product.url}/`)).text()
  expect(page).toContain(`2 versions behind at ${module}`)
})

test('with the origin down lists come from the mirror at once, and from the origin again when it is back', async () => {
  await using at = await scene()
  await at.get(list)
  using down = at.origin.inject({ pattern: '*', fault: { kind: 'status', status: 500 } })
  const begun = performance.now()
  let body = ''
  while (body !== 'v1.0.0\n' && performance.now() < begun + 8000) body = await (await at.get(list)).text()
  expect(body).toBe('v1.0.0\n')
  down[Symbol.dispose]()
  const back = performance.now()
  while (!body.includes('v1.2.0') && performance.now() < back + 8000) {
    await Bun.sleep(50)
    body = await (await at.get(list)).text()
  }
  expect(body).toContain('v1.2.0')
})
