import { expect } from 'bun:test'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { testUnless } from '../../support/test-unless.ts'
import { goMissing } from './go-client.ts'
import { scene, tree, treeRequires } from './go-harness.ts'

const testGo = testUnless(goMissing)
const passed = { code: 0 }

testGo('a cold build passes with the checksum database behind us, and asks for each zip once', async () => {
  await using at = await scene()
  const product = await at.serve()
  const client = await at.client(product, { requires: treeRequires })
  expect(await client.run('mod', 'download', 'all')).toMatchObject(passed)
  expect(await client.run('mod', 'verify')).toMatchObject({ code: 0, output: 'all modules verified\n' })
  const zips = at.upstream.immutableRequests().filter((path) => path.endsWith('.zip'))
  expect(zips).toHaveLength(tree.length)
  expect(new Set(zips).size).toBe(tree.length)
})

testGo('a warm build asks the upstream for nothing that never changes', async () => {
  await using at = await scene()
  const product = await at.serve()
  expect(
    await (await at.client(product, { requires: treeRequires })).run('mod', 'download', 'all'),
  ).toMatchObject(passed)
  at.upstream.resetCounts()
  expect(
    await (await at.client(product, { requires: treeRequires })).run('mod', 'download', 'all'),
  ).toMatchObject(passed)
  expect(at.upstream.immutableRequests()).toEqual([])
})

testGo('with the upstream gone the same build passes, also after a restart', async () => {
  await using at = await scene()
  const first = await at.serve()
  expect(
    await (await at.client(first, { requires: treeRequires })).run('mod', 'download', 'all'),
  ).toMatchObject(passed)
  await at.upstream[Symbol.asyncDispose]()
  expect(
    await (await at.client(first, { requires: treeRequires })).run('mod', 'download', 'all'),
  ).toMatchObject(passed)
  expect(await first.stop()).toEqual({ code: 0, signal: undefined })
  const second = await at.serve()
  expect(
    await (await at.client(second, { requires: treeRequires })).run('mod', 'download', 'all'),
  ).toMatchObject(passed)
})

testGo('with --offline the same build passes and no packet leaves', async () => {
  await using at = await scene()
  const first = await at.serve()
  expect(
    await (await at.client(first, { requires: treeRequires })).run('mod', 'download', 'all'),
  ).toMatchObject(passed)
  await first.stop()
  at.upstream.resetCounts()
  const second = await at.serve({ args: ['--offline'] })
  expect(
    await (await at.client(second, { requires: treeRequires })).run('mod', 'download', 'all'),
  ).toMatchObject(passed)
  const absent = await (await at.client(second)).run('get', 'absent.example/x@v1.0.0')
  expect(absent.code).not.toBe(0)
  expect(absent.output).toContain('offline')
  expect(at.upstream.counts().requests).toBe(0)
})

testGo('with the index deleted the same build passes at once', async () => {
  await using at = await scene()
  const first = await at.serve()
  expect(
    await (await at.client(first, { requires: treeRequires })).run('mod', 'download', 'all'),
  ).toMatchObject(passed)
  await first.stop()
  await at.upstream[Symbol.asyncDispose]()
  const index = (await readdir(at.dataDir)).filter((name) => name.includes('.sqlite'))
  expect(index).not.toEqual([])
  for (const name of index) await rm(join(at.dataDir, name))
  const second = await at.serve({ args: ['--offline'] })
  expect(
    await (await at.client(second, { requires: treeRequires })).run('mod', 'download', 'all'),
  ).toMatchObject(passed)
})

testGo('kill -9 in the middle of a build leaves a store that builds', async () => {
  await using at = await scene()
  const first = await at.serve()
  const zip = 'lib.example/x/@v/v1.0.0.zip'
  at.upstream.inject({ pattern: zip, fault: { kind: 'stall', afterBytes: 100_000 }, times: 1 })
  const building = (await at.client(first, { requires: treeRequires })).run('mod', 'download', 'all')
  while (at.upstream.requestsOf(zip) === 0) await new Promise((resolve) => setTimeout(resolve, 10))
  first.signal('SIGKILL')
  expect((await building).code).not.toBe(0)
  await first.exited
  const second = await at.serve()
  expect(
    await (await at.client(second, { requires: treeRequires })).run('mod', 'download', 'all'),
  ).toMatchObject(passed)
})
