import { describe, expect, test } from 'bun:test'
import type { KeptText } from './record-keeper.ts'
import { upstreamOf } from './testing/upstream-fixture.ts'

const list = 'http://a.example|http://b.example'

function memory(text?: string): KeptText & { text: string | undefined; writes: number } {
  return {
    text,
    writes: 0,
    async read() {
      return this.text
    },
    async write(next) {
      this.text = next
      this.writes++
    },
  }
}

/** The reading of what is kept is over. */
const settled = () => new Promise((resolve) => setImmediate(resolve))

async function stateOf(records: KeptText) {
  await using upstream = upstreamOf(list, { records })
  await settled()
  return upstream.states().map(({ id, clean, proved, wrong }) => ({ id, clean, proved, wrong }))
}

describe('what sources proved outlives the process', () => {
  test('a clean record is one after a restart too, and costs one write', async () => {
    const records = memory()
    {
      await using upstream = upstreamOf(list, { records })
      for (let i = 0; i < 8; i++) upstream.record('a.example', 'proved')
    }
    expect(records.writes).toBe(1)
    expect(await stateOf(records)).toEqual([
      { id: 'a.example', clean: true, proved: 8, wrong: 0 },
      { id: 'b.example', clean: false, proved: 0, wrong: 0 },
    ])
  })

  test('a wrong body is written down before anything else happens', async () => {
    const records = memory('[{"id":"a.example","proved":9,"wrong":0}]')
    await using upstream = upstreamOf(list, { records })
    upstream.record('a.example', 'wrong')
    await settled()
    expect(JSON.parse(records.text ?? '')).toEqual([{ id: 'a.example', proved: 9, wrong: 1 }])
    expect((await stateOf(records))[0]).toMatchObject({ clean: false, wrong: 1 })
  })

  test('what came in before the reading was over is added', async () => {
    const records = memory('[{"id":"a.example","proved":7,"wrong":0}]')
    await using upstream = upstreamOf(list, { records })
    upstream.record('a.example', 'proved')
    await settled()
    expect(upstream.states()[0]).toMatchObject({ clean: true, proved: 8 })
  })

  test.each([
    'no JSON',
    '{"a.example":9}',
    '[{"id":"a.example","proved":1e99,"wrong":0}]',
    '[{"id":"a.example","proved":9}]',
    '[null, 1]',
  ])('%s counts as nothing', async (text) => {
    expect((await stateOf(memory(text)))[0]).toMatchObject({ clean: false, proved: 0, wrong: 0 })
  })
})
