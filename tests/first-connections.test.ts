import { expect, test } from 'bun:test'
import { startFakeGoproxy } from '../lab/fake-goproxy.ts'
import { makeModule } from '../lab/synthetic-modules.ts'
import { startProduct } from './support/product.ts'
import { temporaryFolder } from './support/temporary-folder.ts'

const modules = [makeModule({ path: 'm.example/x', version: 'v1.0.0' })]

async function scene(env: Readonly<Record<string, string>> = {}) {
  const parts = new AsyncDisposableStack()
  const upstream = parts.use(await startFakeGoproxy({ modules }))
  const { path } = parts.use(await temporaryFolder('first-connections'))
  const product = parts.use(
    await startProduct({
      dataDir: path,
      env: { POSTHASTE_GO_UPSTREAM: upstream.url, POSTHASTE_GO_SUMDB: 'off', ...env },
    }),
  )
  return { upstream, product, [Symbol.asyncDispose]: () => parts[Symbol.asyncDispose]() }
}

test('connections stand open before the first request', async () => {
  await using it = await scene()
  while (it.upstream.connections < 8) await Bun.sleep(5)
  expect(it.upstream.counts().requests).toBe(0)
})

test('none while offline', async () => {
  await using it = await scene({ POSTHASTE_OFFLINE: 'true' })
  expect((await fetch(`${it.product.url}/go/m.example/x/@v/list`)).status).toBeGreaterThanOrEqual(500)
  expect(it.upstream.connections).toBe(0)
})

test('one, for what is asked for, without fetching ahead', async () => {
  await using it = await scene({ POSTHASTE_AHEAD_ENABLED: 'false' })
  await fetch(`${it.product.url}/go/m.example/x/@v/list`)
  expect(it.upstream.connections).toBe(1)
})
