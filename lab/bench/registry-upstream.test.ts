import { expect, test } from 'bun:test'
import { fetchBody, slowRate } from './registry-rate.ts'
import { startRegistryUpstream } from './registry-upstream.ts'

const page = { mediaType: 'text/plain', bytes: Buffer.from('a page '.repeat(1000)), compresses: true }
const file = { mediaType: 'application/octet-stream', bytes: Buffer.from('0123456789'), compresses: false }

const start = () =>
  startRegistryUpstream({ content: () => (path) => ({ page, file })[path as 'page' | 'file'] })

test('a page comes with gzip to whoever asks, and is not sent again to whoever has it', async () => {
  await using registry = start()
  const zipped = await fetchBody(`${registry.url}/page`, { 'accept-encoding': 'gzip' })
  expect(zipped.headers['content-encoding']).toBe('gzip')
  expect(zipped.bytes.equals(page.bytes)).toBeTrue()
  const plain = await fetchBody(`${registry.url}/page`, {})
  expect([plain.headers['content-encoding'], plain.bytes.length]).toEqual([undefined, page.bytes.length])
  const same = await fetchBody(`${registry.url}/page`, { 'if-none-match': plain.headers.etag ?? '' })
  expect([same.status, same.bytes.length]).toEqual([304, 0])
  expect(registry.requestsOf('page')).toBe(3)
})

test('a file comes in parts, and what is not there is a 404', async () => {
  await using registry = start()
  const part = await fetchBody(`${registry.url}/file`, { range: 'bytes=2-4' })
  expect([part.status, part.bytes.toString(), part.headers['content-range']]).toEqual([
    206,
    '234',
    'bytes 2-4/10',
  ])
  expect((await fetchBody(`${registry.url}/other`, {})).status).toBe(404)
})

test('a server that does not answer has no more than one answer in the time given; an error is no answer', async () => {
  using silent = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: () => Promise.withResolvers<Response>().promise,
  })
  expect(await slowRate(silent.url.href, {}, { seconds: 0.05, limitSeconds: 0.2 })).toBe(5)
  await using registry = start()
  expect(await slowRate(`${registry.url}/file`, {}, { seconds: 0.05 })).toBeGreaterThan(20)
  await expect(slowRate(`${registry.url}/none`, {}, { seconds: 0.05 })).rejects.toThrow('404')
})
