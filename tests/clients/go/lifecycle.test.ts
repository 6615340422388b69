import { describe, expect, test } from 'bun:test'
import { launchProduct } from '../../support/product.ts'
import { scene, tree } from './go-harness.ts'

const path = 'lib.example/x/@v/v1.0.0.zip'
const zip = Buffer.from(tree.find((one) => one.path === 'lib.example/x')?.zip ?? [])
/** Of the zip's 300 kB, half at once and the rest within about a second. */
const slow = { pattern: path, fault: { kind: 'drip', bytesPerSecond: 150_000, burstBytes: 150_000 } } as const

async function isWhole(response: Response): Promise<boolean> {
  const bytes = await response.arrayBuffer()
  return response.ok && Buffer.from(bytes).equals(zip)
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10))
}

describe('SIGTERM', () => {
  test('ends an idle server without waiting for the grace time', async () => {
    await using at = await scene()
    const product = await at.serve({ env: { POSTHASTE_SHUTDOWN_GRACE_MS: '10m' } })
    await fetch(`${product.url}/healthz`).then((response) => response.text())
    expect(await product.stop()).toEqual({ code: 0, signal: undefined })
  })

  test('lets running answers finish, takes no new ones, and ends with 0', async () => {
    await using at = await scene()
    const product = await at.serve()
    at.upstream.inject(slow)
    const running = fetch(`${product.url}/go/${path}`).then((response) => response.arrayBuffer())
    await until(() => at.upstream.requestsOf(path) > 0)
    product.signal('SIGTERM')
    await until(() =>
      fetch(`${product.url}/healthz`, { keepalive: false }).then(
        (r) => r.status === 503,
        () => true,
      ),
    )
    expect(Buffer.from(await running)).toEqual(zip)
    expect(await product.exited).toEqual({ code: 0, signal: undefined })
  })

  test('sent a second time ends at once', async () => {
    await using at = await scene()
    const product = await at.serve({ env: { POSTHASTE_SHUTDOWN_GRACE_MS: '10m' } })
    at.upstream.inject({ pattern: path, fault: { kind: 'stall', afterBytes: 100_000 } })
    const whole = fetch(`${product.url}/go/${path}`).then(isWhole, () => false)
    await until(() => at.upstream.requestsOf(path) > 0)
    product.signal('SIGTERM')
    await until(() =>
      fetch(`${product.url}/healthz`, { keepalive: false }).then(
        (r) => r.status === 503,
        () => true,
      ),
    )
    product.signal('SIGTERM')
    await product.exited
    expect(await whole).toBe(false)
  })

  test('with a stalled answer ends when the grace time is over', async () => {
    await using at = await scene()
    const product = await at.serve({ env: { POSTHASTE_SHUTDOWN_GRACE_MS: '300ms' } })
    at.upstream.inject({ pattern: path, fault: { kind: 'stall', afterBytes: 100_000 } })
    const whole = fetch(`${product.url}/go/${path}`).then(isWhole, () => false)
    await until(() => at.upstream.requestsOf(path) > 0)
    product.signal('SIGTERM')
    await product.exited
    expect(await whole).toBe(false)
    at.upstream.clearFaults()
    const next = await at.serve()
    const response = await fetch(`${next.url}/go/${path}`)
    expect(Buffer.from(await response.arrayBuffer())).toEqual(zip)
  })
})

test('a second process on the same data folder is refused in a sentence that names the folder', async () => {
  await using at = await scene()
  const first = await at.serve()
  await using second = launchProduct({ dataDir: at.dataDir, env: { POSTHASTE_GO_UPSTREAM: at.upstream.url } })
  expect(await second.exited).toEqual({ code: 1, signal: undefined })
  expect(second.stderr()).toContain(at.dataDir)
  expect(second.stderr()).toContain(String(first.pid))
  expect((await fetch(`${first.url}/healthz`)).status).toBe(200)
})

test('after kill -9 the data folder is free for the next process', async () => {
  await using at = await scene()
  const first = await at.serve()
  first.signal('SIGKILL')
  await first.exited
  const second = await at.serve()
  expect((await fetch(`${second.url}/readyz`)).status).toBe(200)
})

test('an address that is taken is refused in a sentence that names it, with exit code 1', async () => {
  await using at = await scene()
  const first = await at.serve()
  const listen = new URL(first.url).host
  await using second = launchProduct({ dataDir: `${at.dataDir}-2`, listen })
  expect(await second.exited).toEqual({ code: 1, signal: undefined })
  expect(second.stderr()).toContain(`the address ${listen} is in use`)
  expect(second.stdout()).not.toContain('ready on')
  expect((await fetch(`${first.url}/healthz`)).status).toBe(200)
})
