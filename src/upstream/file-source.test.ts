import { expect, test } from 'bun:test'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ask, failureOf, textOf, upstreamOf } from './testing/upstream-fixture.ts'

async function folderOfModules() {
  const folder = await mkdtemp(join(tmpdir(), 'posthaste-file source-'))
  await mkdir(join(folder, 'm/@v/v2.0.0.zip'), { recursive: true })
  await writeFile(join(folder, 'm/@v/v1.0.0.zip'), 'z'.repeat(600_000))
  await writeFile(join(folder, 'm/@v/v1.1.0+incompatible.zip'), 'plus')
  await writeFile(join(folder, '..secret'), 'no')
  return {
    url: pathToFileURL(folder).href,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  }
}

function upstreamAt(...urls: readonly string[]) {
  const upstream = upstreamOf('off')
  const steps = urls.map((url) => ({
    kind: 'source' as const,
    id: url,
    url,
    next: ',' as const,
    foundIn: 'here',
    origin: false,
  }))
  upstream.setLists({ go: steps })
  return upstream
}

test('a file of a folder is a body of its size', async () => {
  await using folder = await folderOfModules()
  await using upstream = upstreamAt(folder.url)
  const found = await ask(upstream)
  expect(found).toMatchObject({ kind: 'found', sizeBytes: 600_000 })
  expect(await textOf(found)).toBe('z'.repeat(600_000))
})

test('a plus in its name is a plus', async () => {
  await using folder = await folderOfModules()
  await using upstream = upstreamAt(folder.url)
  const found = await ask(upstream, { path: 'm/@v/v1.1.0+incompatible.zip' })
  expect(await textOf(found)).toBe('plus')
})

test.each(['m/@v/v9.0.0.zip', 'm/@v/v1.0.0.zip/below'])(
  'where there is no file %s, the next source is asked',
  async (path) => {
    await using folder = await folderOfModules()
    const second = `${folder.url}/m`
    await using upstream = upstreamAt(folder.url, second)
    expect(await ask(upstream, { path })).toMatchObject({ kind: 'missing', source: { id: second } })
  },
)

test('a folder in the place of a file is a failure, and the list ends there', async () => {
  await using folder = await folderOfModules()
  await using upstream = upstreamAt(folder.url, 'file:///nonexistent')
  const answer = await ask(upstream, { path: 'm/@v/v2.0.0.zip' })
  expect(await failureOf(answer)).toMatchObject({
    code: 'malformed',
    message: expect.stringContaining('is no file'),
  })
})

test('a folder that is gone is an outage, and no "no such thing"', async () => {
  await using folder = await folderOfModules()
  const gone = `${folder.url}/not-mounted`
  await using upstream = upstreamAt(gone, folder.url)
  expect(await failureOf(await ask(upstream))).toMatchObject({
    code: 'connect',
    message: expect.stringContaining(`there is no folder ${gone}`),
    hint: expect.stringContaining('mount'),
  })
})

test('a probe of the list tells a folder from none', async () => {
  await using folder = await folderOfModules()
  const gone = `${folder.url}/not-mounted`
  await using upstream = upstreamAt(folder.url, gone)
  const told = await Array.fromAsync(upstream.probe('go', AbortSignal.timeout(10_000)))
  expect(told).toMatchObject([
    { id: folder.url, ok: true },
    { id: gone, ok: false, detail: expect.stringContaining('there is no folder') },
  ])
})

test('what lies beside the folder is never read', async () => {
  await using folder = await folderOfModules()
  await using upstream = upstreamAt(`${folder.url}/m`)
  const answer = await ask(upstream, { path: '%2e%2e/..secret' })
  expect(await failureOf(answer)).toMatchObject({ code: 'malformed' })
})
