import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { type FileHandle, open, readdir, readlink, rename, rm, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { GrowingBody } from './growing-body.ts'
import { FileBytes } from './growing-bytes.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let handle: FileHandle
let path: string
let file: { path: string; sizeBytes: number }
let body: GrowingBody

beforeEach(async () => {
  folder = await temporaryFolder()
  path = join(folder.path, 'growing')
  handle = await open(path, 'w')
  file = { path, sizeBytes: 0 }
  body = new GrowingBody(new FileBytes(file), undefined)
})
afterEach(async () => {
  for (const leave of unread.splice(0)) await leave()
  body.fail(new Error('the test is over'))
  await handle.close()
  await folder[Symbol.asyncDispose]()
})

async function write(text: string): Promise<void> {
  await handle.write(text)
  file.sizeBytes += text.length
  body.grown()
}

/** A stream must be consumed or cancelled. */
const unread: (() => Promise<void>)[] = []

type Reader = ReturnType<typeof read>

/** Follows a body by hand. */
function read() {
  const ends: { readonly bytes: number; readonly failure: string | undefined }[] = []
  const stream = body.stream((bytes, failure) => ends.push({ bytes, failure: failure?.message }))
  const reader = stream.getReader()
  unread.push(() => reader.cancel().catch(() => undefined)) // what has failed already cannot be cancelled
  return {
    ends,
    next: async () => {
      const { done, value } = await reader.read()
      return done ? 'end' : new TextDecoder().decode(value)
    },
    cancel: () => reader.cancel(),
  }
}

async function all(reader: Reader): Promise<string> {
  let text = ''
  for (let piece = await reader.next(); piece !== 'end'; piece = await reader.next()) text += piece
  return text
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

/** How many descriptors of this process are on the growing file, beside the writer's own. */
async function descriptors(): Promise<number> {
  let count = -1
  for (const name of await readdir('/proc/self/fd')) {
    const target = await readlink(`/proc/self/fd/${name}`).catch(() => '')
    if (target.startsWith(folder.path)) count++
  }
  return count
}

describe('a reader', () => {
  test('gets what is there but for the last byte, until the body is declared whole', async () => {
    const reader = read()
    await write('abc')
    expect(await reader.next()).toBe('ab')
    await write('def')
    expect(await reader.next()).toBe('cde')
    body.finish()
    expect([await reader.next(), await reader.next()]).toEqual(['f', 'end'])
    expect(reader.ends).toEqual([{ bytes: 6, failure: undefined }])
  })

  test('that comes late starts at the first byte', async () => {
    await write('abc')
    const late = read()
    expect(await late.next()).toBe('ab')
    body.finish()
    const later = read()
    expect([await all(late), await all(later)]).toEqual(['c', 'abc'])
  })

  test('that is slow holds back nobody', async () => {
    const slow = read()
    const fast = read()
    await write('abcd')
    expect(await fast.next()).toBe('abc')
    await write('efgh')
    body.finish()
    expect([await all(fast), await all(slow)]).toEqual(['defgh', 'abcdefgh'])
  })

  test('of an empty body ends at once', async () => {
    body.finish()
    expect(await all(read())).toBe('')
  })

  test('waits while nothing comes', async () => {
    const reader = read()
    const waiting = reader.next().then((piece) => `got ${piece}`)
    await turn()
    expect(await Promise.race([waiting, Promise.resolve('nothing yet')])).toBe('nothing yet')
    await write('ab')
    expect(await waiting).toBe('got a')
  })

  test('goes on when the file is renamed or unlinked under it', async () => {
    const reader = read()
    await write('ab')
    await rename(path, join(folder.path, 'kept'))
    expect(await reader.next()).toBe('a')
    await rm(join(folder.path, 'kept'))
    await write('cd')
    body.finish()
    expect(await all(reader)).toBe('bcd')
  })
})

describe('a failure', () => {
  test('cuts off every reader, wherever it stands', async () => {
    const ahead = read()
    const behind = read()
    await write('abcdef')
    expect(await ahead.next()).toBe('abcde')
    body.fail(new Error('wrong bytes'))
    await expect(ahead.next()).rejects.toThrow('wrong bytes')
    await expect(behind.next()).rejects.toThrow('wrong bytes')
    expect([ahead.ends, behind.ends]).toEqual([
      [{ bytes: 5, failure: 'wrong bytes' }],
      [{ bytes: 0, failure: 'wrong bytes' }],
    ])
  })

  test('reaches a reader that waits', async () => {
    const reader = read()
    const waiting = reader.next()
    body.fail(new Error('broke off'))
    await expect(waiting).rejects.toThrow('broke off')
  })

  test('reaches who comes after it', async () => {
    body.fail(new Error('broke off'))
    await expect(read().next()).rejects.toThrow('broke off')
  })

  test('after the end changes nothing, nor does an end after a failure', async () => {
    await write('ab')
    body.finish()
    body.fail(new Error('too late'))
    expect([body.state, await all(read())]).toEqual(['whole', 'ab'])
    const other = new GrowingBody(new FileBytes(file), undefined)
    other.fail(new Error('first'))
    other.finish()
    expect(other.state).toBe('broken')
  })

  test('is what a file is that is shorter than what was written to it', async () => {
    await write('abcdef')
    await truncate(path, 0)
    await expect(read().next()).rejects.toThrow('shorter than what was written')
  })

  test('is what a file is that cannot be opened', async () => {
    body.fail(new Error('not this one'))
    body = new GrowingBody(new FileBytes({ path: join(folder.path, 'nosuch'), sizeBytes: 10 }), undefined)
    await expect(read().next()).rejects.toThrow('ENOENT')
  })
})

describe('a reader that leaves', () => {
  test('is told of once and counts no more', async () => {
    const reader = read()
    expect(body.readers).toBe(1)
    await reader.cancel()
    expect(body.readers).toBe(0)
    body.finish()
    await turn()
    expect(reader.ends).toEqual([{ bytes: 0, failure: 'the client left' }])
  })

  test('while it waits disturbs nobody', async () => {
    const leaving = read()
    const staying = read()
    const waiting = leaving.next()
    await leaving.cancel()
    expect(await waiting).toBe('end')
    await write('abc')
    body.finish()
    expect([await all(staying), body.readers]).toEqual(['abc', 0])
    expect(leaving.ends).toEqual([{ bytes: 0, failure: 'the client left' }])
  })
})

describe.skipIf(process.platform !== 'linux')('the descriptor', () => {
  const closed = async () => {
    while ((await descriptors()) > 0) await turn()
    return 'closed'
  }

  test('is one for all readers, and closed after the last one', async () => {
    const readers = [read(), read(), read()]
    await write('abc')
    await Promise.all(readers.map((reader) => reader.next()))
    expect(await descriptors()).toBe(1)
    body.finish()
    await turn()
    expect(await descriptors()).toBe(1)
    await Promise.all(readers.map(all))
    expect(await closed()).toBe('closed')
  })

  test('is closed when nobody ever read', async () => {
    body.finish()
    expect(await closed()).toBe('closed')
  })

  test('is closed when the last reader leaves after the end', async () => {
    const reader = read()
    await write('abc')
    body.finish()
    await turn()
    await reader.cancel()
    expect(await closed()).toBe('closed')
  })

  test('is closed after a failure', async () => {
    const reader = read()
    await write('abc')
    body.fail(new Error('broke off'))
    await expect(reader.next()).rejects.toThrow('broke off')
    expect(await closed()).toBe('closed')
  })
})
