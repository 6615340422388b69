import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { JsonFault, JsonReader, MAX_JSON_DEPTH, type Span, spliced } from './json-scan.ts'

const bytesOf = (text: string) => new TextEncoder().encode(text)

function accepts(text: string): boolean {
  try {
    const reader = new JsonReader(bytesOf(text))
    reader.value()
    reader.end()
    return true
  } catch (error) {
    if (error instanceof JsonFault) return false
    throw error
  }
}

function parses(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

describe('what is JSON', () => {
  for (const text of [
    '{}',
    '[]',
    ' [ 1 , -0.5e+10 , "a\\u00e9\\n" , null , true , false , {} , [] ] ',
    '{"a":{"b":[{"c":[]}]},"a":1}',
    '"x"',
    '0',
  ])
    test(`${text} is`, () => expect(accepts(text)).toBe(true))

  for (const text of [
    '',
    '{',
    '[1,]',
    '{"a":1,}',
    '{"a" 1}',
    '{a:1}',
    '[1 2]',
    '"\u0001"',
    '"\\x"',
    '"\\u12g4"',
    '"open',
    '01',
    '+1',
    '.5',
    '1.',
    'nul',
    '[]]',
    '{}{}',
    "['a']",
    '{"a":}',
    '[,1]',
  ])
    test(`${JSON.stringify(text)} is not`, () => expect(accepts(text)).toBe(false))

  test('it agrees with JSON.parse on mutated documents', () => {
    const document = fc.json({ maxDepth: 4 })
    const mutation = fc.record({
      at: fc.nat(),
      remove: fc.nat(2),
      insert: fc.constantFrom('', '"', '\\', '{', '}', '[', ']', ',', ':', '0', '-', 'e', ' ', '\n', 'null'),
    })
    fc.assert(
      fc.property(document, fc.array(mutation, { maxLength: 3 }), (json, mutations) => {
        let text = json
        for (const { at, remove, insert } of mutations) {
          const place = at % (text.length + 1)
          text = text.slice(0, place) + insert + text.slice(place + remove)
        }
        expect(accepts(text)).toBe(parses(text.toWellFormed()))
      }),
      { numRuns: 2_000 },
    )
  })

  test('depth has a bound, whatever the size', () => {
    expect(accepts('['.repeat(MAX_JSON_DEPTH) + ']'.repeat(MAX_JSON_DEPTH))).toBe(true)
    expect(accepts('['.repeat(MAX_JSON_DEPTH + 1) + ']'.repeat(MAX_JSON_DEPTH + 1))).toBe(false)
    expect(accepts('['.repeat(1_000_000))).toBe(false)
    expect(accepts('{"a":'.repeat(1_000_000))).toBe(false)
    const wide = `[${'[[]],'.repeat(1_000)}[]]`
    expect(accepts(wide)).toBe(true)
  })
})

test('members and elements are read, skipped ones are checked', () => {
  const text = '\ufeff{ "a" : [1, {"url":"x\\u0041"}, "s"], "__proto__": {"b": 2}, "c\\n": "d" }'
  const reader = new JsonReader(bytesOf(text))
  const seen: unknown[] = []
  reader.object((key) => {
    seen.push(key)
    if (key !== 'a') return
    reader.array((index) => {
      seen.push(index, reader.kind())
      if (reader.kind() === 'object') {
        reader.object((inner) => {
          const found = reader.string()
          seen.push(inner, found?.text, found && reader.read(found.span))
        })
      }
    })
  })
  reader.end()
  expect(seen).toEqual([
    'a',
    0,
    'other',
    1,
    'object',
    'url',
    'xA',
    '"x\\u0041"',
    2,
    'string',
    '__proto__',
    'c\n',
  ])
})

test('one at a time: the same members and elements, with the same faults', () => {
  const byCallback = (text: string) => {
    const seen: unknown[] = []
    const reader = new JsonReader(bytesOf(text))
    reader.object((key) => {
      seen.push(key)
      if (reader.kind() === 'array') reader.array((index) => void seen.push(index))
    })
    reader.end()
    return seen
  }
  const oneByOne = (text: string) => {
    const seen: unknown[] = []
    const reader = new JsonReader(bytesOf(text))
    for (const key of reader.members()) {
      seen.push(key)
      if (reader.kind() === 'array') for (const index of reader.elements()) seen.push(index)
    }
    reader.end()
    return seen
  }
  const outcome = (read: () => unknown) => {
    try {
      return read()
    } catch (error) {
      if (error instanceof JsonFault) return error.message
      throw error
    }
  }
  fc.assert(
    fc.property(
      fc.json({ maxDepth: 3 }),
      fc.nat(),
      fc.constantFrom('', ',', ']', '}', '"', ' '),
      (json, at, insert) => {
        const place = at % (json.length + 1)
        const text = `{"a":[1,${json.slice(0, place)}${insert}${json.slice(place)}],"b":[]}`.toWellFormed()
        expect(outcome(() => oneByOne(text))).toEqual(outcome(() => byCallback(text)))
      },
    ),
    { numRuns: 500 },
  )
})

test('keys are what JSON.parse says, however many and alike', () => {
  const key = fc.oneof(
    fc.stringMatching(/^[ab]{0,3}$/),
    fc.string({ unit: 'binary', maxLength: 45 }),
    fc.constant('url'),
  )
  fc.assert(
    fc.property(fc.array(key, { maxLength: 400 }), (keys) => {
      const text = `{${keys.map((one) => `${JSON.stringify(one.toWellFormed())}:0`).join()}}`
      const seen: string[] = []
      new JsonReader(bytesOf(text)).object((one) => {
        seen.push(one)
      })
      expect(seen).toEqual(keys.map((one) => one.toWellFormed()))
    }),
    { numRuns: 200 },
  )
})

test('a string is undefined for another kind, and nothing is read', () => {
  const reader = new JsonReader(bytesOf('[12]'))
  const seen: unknown[] = []
  reader.array(() => {
    seen.push(reader.string(), reader.read(reader.value()))
  })
  expect(seen).toEqual([undefined, '12'])
})

test('splicing changes the spans and no other byte', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 6 }), (value) => {
      const bytes = bytesOf(JSON.stringify({ ...value, url: 'old' }, undefined, 1))
      const reader = new JsonReader(bytes)
      const changes: { span: Span; text: string }[] = []
      reader.object((key) => {
        if (key !== 'url') return
        const found = reader.string()
        if (found !== undefined) changes.push({ span: found.span, text: '"new"' })
      })
      const made = Buffer.concat([...spliced(bytes, changes)]).toString()
      expect(made).toBe(JSON.stringify({ ...value, url: 'new' }, undefined, 1))
    }),
    { numRuns: 300 },
  )
})
