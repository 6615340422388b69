import { expect, test } from 'bun:test'
import { makeModule } from '../../../lab/synthetic-modules.ts'
import { testUnless } from '../../support/test-unless.ts'
import { goMissing } from './go-client.ts'
import { scene, tree, treeRequires } from './go-harness.ts'
import { startGoUpstream } from './go-upstream.ts'

const testGo = testUnless(goMissing)
/** The same tree with another content under one name: whole zips of the right form, only not the recorded ones. */
const forged = tree.map((module) =>
  module.path === 'lib.example/x'
    ? { ...module, zip: makeModule({ ...module, sizeBytes: 290_000 }).zip }
    : module,
)

testGo('bytes that the database contradicts fail the build when no other source has them', async () => {
  await using at = await scene({ modules: forged, recorded: tree })
  const product = await at.serve()
  const result = await (await at.client(product, { requires: treeRequires })).run('mod', 'download')
  expect(result.code).toBe(1)
  expect(result.output).toContain('lib.example/x@v1.0.0')
  expect(result.output).toContain('checksum')
  expect(product.stderr() + product.stdout()).toContain(new URL(at.upstream.url).host)
  const offline = await fetch(`${product.url}/go/lib.example/x/@v/v1.0.0.zip`)
  expect(offline.status).not.toBe(200)
})

testGo('bytes that the database contradicts are left behind for the next source', async () => {
  await using at = await scene()
  await using liar = await startGoUpstream({ modules: forged, recorded: tree })
  const env = { POSTHASTE_GO_UPSTREAM: `${liar.url}|${at.upstream.url}` }
  const product = await at.serve({ env })
  const client = await at.client(product, { requires: treeRequires })
  expect(await client.run('mod', 'download', 'all')).toMatchObject({ code: 0 })
  expect(await client.run('mod', 'verify')).toMatchObject({ code: 0 })
  await product.sees(new RegExp(`${new URL(liar.url).host}`))
})

test.each([
  ['one wrong bit', { kind: 'wrong-bytes' }],
  ['a page in place of the zip', { kind: 'html' }],
  ['a zip that ends too early and cannot be resumed', { kind: 'truncate', afterBytes: 0 }],
  ['a length that is not true', { kind: 'lying-length', deltaBytes: 1_000 }],
] as const)('%s is not kept, and the next attempt gets the right bytes', async (_, fault) => {
  await using at = await scene()
  const product = await at.serve()
  const path = 'lib.example/x/@v/v1.0.0.zip'
  at.upstream.inject({ pattern: path, fault })
  const whole = await fetch(`${product.url}/go/${path}`)
    .then(async (response) => response.ok && (await response.arrayBuffer()))
    .catch(() => false)
  expect(whole).toBe(false)
  at.upstream.clearFaults()
  // A failure may be remembered for its moment of patience; the product says for how long.
  const again = await retried(`${product.url}/go/${path}`)
  expect(Buffer.from(again)).toEqual(Buffer.from(tree.find((one) => one.path === 'lib.example/x')?.zip ?? []))
})

test('a zip that breaks on its way is put together from its pieces', async () => {
  await using at = await scene()
  const product = await at.serve()
  const path = 'lib.example/x/@v/v1.0.0.zip'
  at.upstream.inject({ pattern: path, fault: { kind: 'truncate', afterBytes: 100_000 }, times: 1 })
  const bytes = await retried(`${product.url}/go/${path}`)
  expect(Buffer.from(bytes)).toEqual(Buffer.from(tree.find((one) => one.path === 'lib.example/x')?.zip ?? []))
})

async function retried(url: string): Promise<ArrayBuffer> {
  for (let attempt = 0; attempt < 60; attempt++) {
    const response = await fetch(url)
    if (response.ok) return await response.arrayBuffer()
    const afterSeconds = Number(response.headers.get('retry-after') ?? '0')
    await response.arrayBuffer()
    await new Promise((resolve) => setTimeout(resolve, Math.max(200, afterSeconds * 1_000)))
  }
  throw new Error(`${url} did not recover`)
}
