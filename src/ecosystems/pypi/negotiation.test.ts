import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { acceptableForms, chooseForm, type PageForm } from './negotiation.ts'

const json = 'application/vnd.pypi.simple.v1+json'
const html = 'application/vnd.pypi.simple.v1+html'

const table: readonly (readonly [accept: string | undefined, form: PageForm | undefined])[] = [
  [undefined, 'html'],
  ['', 'html'],
  ['*/*', 'html'],
  ['*/*;q=0.1', 'html'],
  // pip, uv, poetry, pdm, old pip, a browser
  [`${json}, ${html}; q=0.1, text/html; q=0.01`, 'json'],
  [`${json}, ${html};q=0.2, text/html;q=0.01`, 'json'],
  [`${json}, ${html};q=0.2, text/html;q=0.01, */*;q=0.05`, 'json'],
  [json, 'json'],
  ['text/html', 'html'],
  ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'html'],
  // the API's other names
  ['application/vnd.pypi.simple.latest+json', 'json'],
  ['application/vnd.pypi.simple.latest+html', 'html-v1'],
  [html, 'html-v1'],
  [`${html};q=0.5, text/html;q=0.9`, 'html'],
  [`${json};q=0.1, text/html`, 'html'],
  [`${json};q=0.5, text/html;q=0.5`, 'json'],
  ['APPLICATION/VND.PYPI.SIMPLE.V1+JSON', 'json'],
  ['application/*', 'json'],
  ['text/*', 'html'],
  // what is excluded, broken or unknown
  [`${json};q=0, text/html;q=0.1`, 'html'],
  [`${json};q=0, ${html};q=0, text/html;q=0`, undefined],
  [`${json};q=0, */*`, 'html'],
  ['text/html;q=0, */*', 'json'],
  [`${json};q=nonsense`, undefined],
  [`${json}; charset=utf-8; q=1.0`, 'json'],
  ['application/vnd.pypi.simple.v2+json', undefined],
  ['application/json', undefined],
  ['image/png', undefined],
  ['x'.repeat(5_000), undefined],
]

describe('Accept', () => {
  for (const [accept, form] of table) {
    test(`${accept?.slice(0, 100)} gives ${form}`, () => expect(chooseForm(accept, '')).toBe(form))
  }
  test('twice the same gives the same', () => {
    expect(chooseForm(`${json};q=0.9`, '')).toBe('json')
    expect(chooseForm(`${json};q=0.9`, '')).toBe('json')
    expect(chooseForm('image/gif', '')).toBeUndefined()
    expect(chooseForm('image/gif', '')).toBeUndefined()
  })
})

describe('?format=', () => {
  for (const [query, form] of [
    [`format=${encodeURIComponent(json)}`, 'json'],
    [`format=${json}`, 'json'],
    ['a=b&format=text/html', 'html'],
    [`format=${html}`, 'html-v1'],
    ['format=application/vnd.pypi.simple.latest+json', 'json'],
    ['format=nonsense', undefined],
    ['format=', undefined],
  ] as const) {
    test(`${query} gives ${form}`, () => expect(chooseForm('image/png', query)).toBe(form))
  }
  test('another query leaves it to Accept', () => expect(chooseForm(json, 'a=b')).toBe('json'))
})

test('it is total', () => {
  const part = fc.constantFrom(
    json,
    html,
    'text/html',
    '*/*',
    ',',
    ';',
    'q=',
    '0.5',
    '1',
    ' ',
    'x/y',
    '=',
    '"',
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), fc.string(), (parts, query) => {
      const form = chooseForm(parts.join(''), query)
      expect([undefined, 'json', 'html', 'html-v1']).toContain(form)
    }),
    { numRuns: 1_000 },
  )
})

test('all forms that a client takes, the best first', () => {
  for (const [accept, query, forms] of [
    ['application/vnd.pypi.simple.v1+json', '', ['json']],
    ['text/html;q=0.5, application/vnd.pypi.simple.v1+json;q=0.2', '', ['html', 'json']],
    ['application/vnd.pypi.simple.v1+json, text/html;q=0', '', ['json']],
    ['*/*', '', ['html', 'json', 'html-v1']],
    [undefined, '', ['html', 'json', 'html-v1']],
    ['*/*', 'format=application/vnd.pypi.simple.v1%2Bjson', ['json']],
    ['image/png', '', []],
  ] as const) {
    expect(acceptableForms(accept, query)).toEqual([...forms])
  }
})
