import { describe, expect, test } from 'bun:test'
import { get } from 'node:http'
import { type Scene, scene, tree } from './go-harness.ts'

const path = 'lib.example/x/@v/v1.0.0.zip'
const zip = Buffer.from(tree.find((one) => one.path === 'lib.example/x')?.zip ?? [])

interface Part {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly bytes: Buffer
}

/** As the newest cmd/go asks; leaves after `stopAfter` bytes, as on a broken line. */
function ask(
  url: string,
  headers: Record<string, string> = {},
  stopAfter = Number.POSITIVE_INFINITY,
): Promise<Part> {
  return new Promise((resolve, reject) => {
    const sent = { 'user-agent': 'GoCommand/1 (+https://go.dev/cmd/go)', ...headers }
    const request = get(url, { agent: false, headers: sent }, (response) => {
      const pieces: Buffer[] = []
      let count = 0
      const done = () => {
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          bytes: Buffer.concat(pieces).subarray(0, stopAfter),
        })
        request.destroy()
      }
      response.on('data', (piece: Buffer) => {
        pieces.push(piece)
        count += piece.length
        if (count >= stopAfter) done()
      })
      response.on('end', done)
      response.on('error', reject)
    })
    request.on('error', reject)
  })
}

async function warmed(at: Scene): Promise<string> {
  const product = await at.serve()
  const url = `${product.url}/go/${path}`
  expect((await ask(url)).bytes).toEqual(zip)
  return url
}

describe('a kept zip', () => {
  test('has all that a client needs to go on after a break', async () => {
    await using at = await scene()
    const first = await ask(await warmed(at), { 'accept-encoding': 'gzip' }, 100_000)
    expect(first.status).toBe(200)
    expect(first.headers['content-length']).toBe(String(zip.length))
    expect(first.headers.etag).toMatch(/^"[^"]+"$/)
    expect(first.headers['content-encoding']).toBeUndefined()
    expect(first.headers['content-type']).toBe('application/zip')
  })

  test('goes on where the client was', async () => {
    await using at = await scene()
    const url = await warmed(at)
    const first = await ask(url, {}, 100_000)
    const rest = await ask(url, { range: 'bytes=100000-', 'if-range': String(first.headers.etag) })
    expect(rest.status).toBe(206)
    expect(rest.headers['content-range']).toBe(`bytes 100000-${zip.length - 1}/${zip.length}`)
    expect(rest.headers['content-length']).toBe(String(zip.length - 100_000))
    expect(Buffer.concat([first.bytes, rest.bytes])).toEqual(zip)
  })

  test('starts over for a client that holds a piece of something else', async () => {
    await using at = await scene()
    const url = await warmed(at)
    const rest = await ask(url, { range: 'bytes=100000-', 'if-range': '"another"' })
    expect(rest.status).toBe(200)
    expect(rest.bytes).toEqual(zip)
  })

  test('has nothing behind its end', async () => {
    await using at = await scene()
    const rest = await ask(await warmed(at), { range: `bytes=${zip.length}-` })
    expect(rest.status).toBe(416)
    expect(rest.headers['content-range']).toBe(`bytes */${zip.length}`)
  })

  test('keeps its validator over a restart', async () => {
    await using at = await scene()
    const first = await at.serve()
    await ask(`${first.url}/go/${path}`)
    const { etag } = (await ask(`${first.url}/go/${path}`)).headers
    await first.stop()
    const second = await at.serve()
    const rest = await ask(`${second.url}/go/${path}`, { range: 'bytes=5-', 'if-range': String(etag) })
    expect(rest.status).toBe(206)
  })
})

test('a client that leaves a cold download finds it kept when it comes back', async () => {
  await using at = await scene()
  const product = await at.serve()
  const url = `${product.url}/go/${path}`
  at.upstream.inject({ pattern: path, fault: { kind: 'delay', delayMs: 300 } })
  const left = new AbortController()
  const leaving = fetch(url, { signal: left.signal }).catch(() => undefined)
  while (at.upstream.requestsOf(path) === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  left.abort()
  await leaving
  expect((await ask(url)).bytes).toEqual(zip)
  expect(at.upstream.requestsOf(path)).toBe(1)
})
