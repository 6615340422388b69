import { afterEach, describe, expect, test } from 'bun:test'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { createRenderer, LIGHT_BYTES, RenderError, type Renderer, type RendererOptions } from './renderer.ts'

const program = new URL('./testing/test-program.ts', import.meta.url)
const text = (words: string) => new TextEncoder().encode(words)

const open: Renderer[] = []
afterEach(async () => {
  for (const renderer of open.splice(0)) await renderer.close()
})

function renderer(options: Partial<RendererOptions> = {}): Renderer {
  const made = createRenderer({ program, ...options })
  open.push(made)
  return made
}

async function run(
  on: Renderer,
  name: string,
  options: {
    params?: Record<string, string>
    body?: Uint8Array
    beside?: Uint8Array
    encoding?: 'gzip'
    take?: (piece: Uint8Array) => Promise<void> | void
  } = {},
): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  await on.transform({
    name,
    params: options.params ?? {},
    body: { kind: 'bytes', bytes: options.body ?? text('abc') },
    beside: options.beside === undefined ? undefined : { kind: 'bytes', bytes: options.beside },
    encoding: options.encoding,
    take: options.take ?? ((piece) => void pieces.push(piece)),
  })
  return Buffer.concat(pieces)
}

describe('a transform', () => {
  test('gets the body, what is beside it, and its parameters', async () => {
    const made = await run(renderer(), 'upper', { beside: text('xyz'), params: { tail: '!' } })
    expect(made.toString()).toBe('ABC beside xyz!')
  })

  test('reads a file, and notices one of another size', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'body')
    await writeFile(path, 'from a file')
    const on = renderer()
    const pieces: Uint8Array[] = []
    const job = { name: 'upper', params: {}, beside: undefined, encoding: undefined } as const
    const take = (piece: Uint8Array) => void pieces.push(piece)
    await on.transform({ ...job, body: { kind: 'file', path, sizeBytes: 11 }, take })
    expect(Buffer.concat(pieces).toString()).toBe('FROM A FILE')
    const torn = on.transform({ ...job, body: { kind: 'file', path, sizeBytes: 12 }, take })
    const error: unknown = await torn.catch((reason: unknown) => reason)
    expect(error).toMatchObject({ refused: false, message: 'the file has 11 bytes instead of 12' })
  })

  test('is compressed on its way, in pieces', async () => {
    const body = new Uint8Array(64 * 1024).map((_, at) => (at * 7) % 256)
    const made = await run(renderer(), 'repeat', { body, params: { times: '40' }, encoding: 'gzip' })
    expect(gunzipSync(made).byteLength).toBe(40 * body.byteLength)
    expect(made.byteLength).toBeLessThan(body.byteLength)
  })

  test('sends a piece only when the last one was taken', async () => {
    const body = new Uint8Array(300 * 1024)
    let taking = 0
    let most = 0
    const sizes: number[] = []
    await run(renderer(), 'repeat', {
      body,
      params: { times: '5' },
      take: async (piece) => {
        most = Math.max(most, ++taking)
        await new Promise((resolve) => setImmediate(resolve))
        sizes.push(piece.byteLength)
        taking--
      },
    })
    expect([most, sizes.reduce((sum, size) => sum + size, 0)]).toEqual([1, 5 * body.byteLength])
  })

  test('that refuses its body says why; the next one runs', async () => {
    const on = renderer()
    const refused = run(on, 'refuse')
    await expect(refused).rejects.toThrow(RenderError)
    await expect(refused).rejects.toMatchObject({ refused: true, message: 'byte 3 is no letter' })
    await expect(run(on, 'refuse', { encoding: 'gzip' })).rejects.toMatchObject({ refused: true })
    expect((await run(on, 'upper')).toString()).toBe('ABC')
  })

  test('whose thread dies fails, and the next one has a new thread', async () => {
    const on = renderer()
    await expect(run(on, 'die')).rejects.toMatchObject({ refused: false })
    expect((await run(on, 'upper')).toString()).toBe('ABC')
  })

  test('that never ends is given up', async () => {
    const on = renderer({ silenceMs: 300 })
    await expect(run(on, 'hang')).rejects.toThrow('was silent for 300 ms')
    expect((await run(on, 'upper')).toString()).toBe('ABC')
  })

  test('whose taker fails ends with that error', async () => {
    const on = renderer()
    const take = () => {
      throw new Error('the disk is full')
    }
    await expect(run(on, 'upper', { take })).rejects.toThrow('the disk is full')
    expect((await run(on, 'upper')).toString()).toBe('ABC')
  })

  test('waits for no large one', async () => {
    const on = renderer()
    const large = new Uint8Array(3 * 1024 * 1024)
    let release: (() => void) | undefined
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const first = run(on, 'repeat', { body: large, params: { times: '1' }, take: () => held })
    expect((await run(on, 'upper')).toString()).toBe('ABC')
    release?.()
    await first
  })

  test('beyond the bound of the queue is refused at once', async () => {
    const on = renderer({ queueLimit: 1 })
    const all = await Promise.allSettled([run(on, 'upper'), run(on, 'upper'), run(on, 'upper')])
    expect(all.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected'])
  })

  test('after an idle time begins with a new thread', async () => {
    const on = renderer({ idleMs: 1 })
    expect((await run(on, 'upper')).toString()).toBe('ABC')
    await Bun.sleep(20)
    expect((await run(on, 'upper')).toString()).toBe('ABC')
  })

  test('is refused once the renderer is closed', async () => {
    const on = renderer()
    await on.close()
    await expect(run(on, 'upper')).rejects.toThrow('the server is stopping')
  })
})

describe('a check', () => {
  const check = (on: Renderer, name: string, words: string) =>
    on.check({ name, params: {}, body: { kind: 'bytes', bytes: text(words) } })

  test('gives its verdict', async () => {
    const on = renderer()
    expect(await check(on, 'letters', 'abc')).toEqual({ verdict: 'sound' })
    expect(await check(on, 'letters', 'a1')).toMatchObject({ verdict: 'wrong' })
  })

  test('that throws condemns the body; one that cannot run leaves it unproved', async () => {
    const on = renderer()
    expect(await check(on, 'broken', 'abc')).toEqual({ verdict: 'wrong', reason: 'byte 3 is no letter' })
    await on.close()
    expect(await check(on, 'letters', 'abc')).toMatchObject({ verdict: 'unproved' })
  })
})

describe('a check that may be done here', () => {
  const here: string[] = []
  const on = () =>
    renderer({
      checks: {
        letters: (body) => {
          here.push(Buffer.from(body.subarray(0, 3)).toString())
          return { verdict: 'sound' }
        },
        broken: () => {
          throw new Error('byte 3 is no letter')
        },
      },
    })
  const checkOf = (name: string, body: string) =>
    on().check({ name, params: {}, body: { kind: 'bytes', bytes: text(body) } })

  test('is, when the body is small', async () => {
    here.length = 0
    expect(await checkOf('letters', 'a1b')).toEqual({ verdict: 'sound' })
    expect(here).toEqual(['a1b'])
  })

  test('is left to its thread when the body is large', async () => {
    here.length = 0
    expect(await checkOf('letters', '1'.repeat(LIGHT_BYTES + 1))).toMatchObject({ verdict: 'wrong' })
    expect(here).toEqual([])
  })

  test('never rejects', async () => {
    expect(await checkOf('broken', 'abc')).toEqual({ verdict: 'wrong', reason: 'byte 3 is no letter' })
  })
})
