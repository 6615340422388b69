import { describe, expect, test } from 'bun:test'
import { Writable } from 'node:stream'
import { LineWriter, streamSink } from './line-writer.ts'

/** A sink that takes a batch only when it is told to. */
function stuckSink() {
  const batches: string[] = []
  const waiting: { take: () => void; fail: (error: Error) => void }[] = []
  const sink = (text: string) =>
    new Promise<void>((resolve, reject) => {
      batches.push(text)
      waiting.push({ take: resolve, fail: reject })
    })
  return { batches, sink, next: () => waiting.shift() }
}

const turns = async (count = 5) => {
  for (let i = 0; i < count; i++) await Promise.resolve()
}

describe('LineWriter', () => {
  test('sends what came together as one batch, and what came meanwhile as the next', async () => {
    const { batches, sink, next } = stuckSink()
    const writer = new LineWriter({ sink, soon: queueMicrotask })
    writer.write('a')
    writer.write('b')
    await turns()
    writer.write('c')
    writer.write('d')
    expect(batches).toEqual(['a\nb\n'])
    next()?.take()
    await turns()
    expect(batches).toEqual(['a\nb\n', 'c\nd\n'])
    next()?.take()
    await writer.flush()
  })

  test('a stuck reader costs bounded memory and no waiting; what was lost is told', async () => {
    const { batches, sink, next } = stuckSink()
    const writer = new LineWriter({
      sink,
      soon: queueMicrotask,
      maxQueuedChars: 100,
      droppedLine: (count) => `${count} lost`,
    })
    writer.write('first')
    await turns()
    for (let i = 0; i < 10_000; i++) writer.write('0123456789')
    expect(writer.isFull || writer.dropped > 0).toBe(true)
    expect(writer.dropped).toBe(9_991)
    next()?.take()
    await turns()
    expect(batches[1]).toBe(`${'0123456789\n'.repeat(9)}9991 lost\n`)
    expect(writer.isFull).toBe(false)
    writer.write('again')
    next()?.take()
    await turns()
    expect(batches[2]).toBe('again\n')
    next()?.take()
    await writer.flush()
  })

  test('a sink that fails is left alone, and flush still ends', async () => {
    const { batches, sink, next } = stuckSink()
    const writer = new LineWriter({ sink, soon: queueMicrotask })
    writer.write('a')
    await turns()
    writer.write('b')
    next()?.fail(new Error('EPIPE'))
    await writer.flush()
    writer.write('c')
    await turns()
    expect(batches).toEqual(['a\n'])
    expect(writer.failure?.message).toBe('EPIPE')
    expect(writer.isFull).toBe(true)
    expect(writer.dropped).toBe(1)
  })

  test('flush gives up when its signal aborts', async () => {
    const { sink, next } = stuckSink()
    const writer = new LineWriter({ sink, soon: queueMicrotask })
    writer.write('a')
    await turns()
    const abort = new AbortController()
    const flushed = writer.flush(abort.signal)
    abort.abort()
    await flushed
    await writer.flush(AbortSignal.abort())
    next()?.take()
  })
})

describe('streamSink', () => {
  test('waits for the stream and passes its errors on', async () => {
    const taken: string[] = []
    const stream = new Writable({
      write(chunk, _encoding, done) {
        taken.push(String(chunk))
        done(taken.length === 2 ? new Error('EPIPE') : null)
      },
    })
    const writer = new LineWriter({ sink: streamSink(stream) })
    writer.write('a')
    await writer.flush()
    writer.write('b')
    await writer.flush()
    expect(taken).toEqual(['a\n', 'b\n'])
    expect(writer.failure?.message).toBe('EPIPE')
    await expect(streamSink(stream)('c')).rejects.toThrow()
  })
})
