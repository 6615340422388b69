import { expect, test } from 'bun:test'
import { startFakeGoproxy } from '../fake-goproxy.ts'
import { startStandIn } from '../testing/stand-in.ts'
import { alternate, medianRatio } from './row.ts'
import { namedRows, usualRows } from './rows.ts'

test('sides take turns, in the opposite order every other round', async () => {
  const order: string[] = []
  const side = (name: string, value: number) => async () => {
    order.push(name)
    return value * order.length
  }
  const values = await alternate(3, { a: side('a', 1), b: side('b', 10) }, () => undefined)
  expect(order.join('')).toBe('abbaab')
  expect(values).toEqual({ a: [1, 4, 5], b: [20, 30, 60] })
})

test('a ratio is the median over rounds, not the ratio of medians', () => {
  expect(medianRatio([10, 40, 90], [10, 20, 30])).toBe(2)
})

test('every row has a name of its own', () => {
  const names = [...usualRows, ...namedRows].map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
})

test('an unknown row or a broken option ends with 64 and the usage', async () => {
  for (const args of [['nonsense'], ['--peer', 'nourl'], ['--runs', 'x'], ['--what']]) {
    const bench = Bun.spawn([process.execPath, `${import.meta.dir}/../bench.ts`, ...args], {
      stdout: 'pipe',
      stderr: 'pipe',
    })
    expect([await bench.exited, await new Response(bench.stderr).text()]).toEqual([
      64,
      expect.stringContaining('Rows: warm-small'),
    ])
  }
})

test('the stand-in fetches once and then answers by itself', async () => {
  await using upstream = await startFakeGoproxy({ files: () => undefined })
  await using standIn = startStandIn(upstream.url)
  expect((await fetch(`${standIn.url}/go/m.example/@v/list`)).status).toBe(404)
  expect(upstream.requestsOf('m.example/@v/list')).toBe(1)
})
