import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { type GoproxyStep, maskCredentials, parseGoproxyList } from './goproxy-list.ts'

const source = (url: string, next?: ',' | '|'): GoproxyStep => ({ kind: 'source', url, next })
const direct: GoproxyStep = { kind: 'direct' }
const off: GoproxyStep = { kind: 'off' }

const good: readonly [text: string, steps: readonly GoproxyStep[]][] = [
  ['https://goproxy.cn', [source('https://goproxy.cn')]],
  ['https://goproxy.cn/', [source('https://goproxy.cn')]],
  ['https://goproxy.cn,direct', [source('https://goproxy.cn', ','), direct]],
  ['https://goproxy.cn|direct', [source('https://goproxy.cn', '|'), direct]],
  [
    'https://a.example,https://b.example|off',
    [source('https://a.example', ','), source('https://b.example', '|'), off],
  ],
  ['https://a.example|', [source('https://a.example')]],
  [' https://a.example , , direct ', [source('https://a.example', ','), direct]],
  ['https://a.example,|b.example', [source('https://a.example', ','), source('https://b.example')]],
  ['https://a.example|,b.example', [source('https://a.example', '|'), source('https://b.example')]],
  [',,direct,https://unread.example', [direct]],
  ['off,nonsense', [off]],
  ['a.example', [source('https://a.example')]],
  ['localhost:8080', [source('https://localhost:8080')]],
  ['http://127.0.0.1:9480/base/', [source('http://127.0.0.1:9480/base')]],
  ['http://[::1]:9480', [source('http://[::1]:9480')]],
  ['https://user:secret@a.example/x', [source('https://user:secret@a.example/x')]],
  ['file:///srv/go', [source('file:///srv/go')]],
  ['HTTPS://A.example/Path', [source('https://a.example/Path')]],
]

const bad: readonly [text: string, element: string, reason: RegExp][] = [
  ['', '', /no source/],
  [' , | ', '', /no source/],
  ['ftp://a.example', 'ftp://a.example', /scheme ftp/],
  ['proxy', 'proxy', /no scheme/],
  ['Direct', 'Direct', /no scheme/],
  ['/srv/go', '/srv/go', /no scheme/],
  ['https://', 'https://', /no host/],
  ['https:/a.example', 'https:/a.example', /no host/],
  ['file://host/srv', 'file://host/srv', /only a path/],
  ['https://a.example https://b.example', 'https://a.example https://b.example', /space/],
  ['https://a.example/?x=1', 'https://a.example/?x=1', /query/],
  ['https://a.example/#x', 'https://a.example/#x', /fragment/],
  ['https://me:pw@a.example:99999', 'https://***@a.example:99999', /no valid address/],
]

describe('GOPROXY list', () => {
  for (const [text, steps] of good) {
    test(`${JSON.stringify(text)} is understood`, () => {
      expect(parseGoproxyList(text)).toEqual({ ok: true, steps })
    })
  }

  for (const [text, element, reason] of bad) {
    test(`${JSON.stringify(text)} is refused`, () => {
      const list = parseGoproxyList(text)
      if (list.ok) throw new Error('accepted')
      expect(list.problems[0]?.element).toBe(element)
      expect(list.problems[0]?.reason).toMatch(reason)
      expect(list.problems[0]?.fix).not.toBe('')
    })
  }

  test('all problems are given at once', () => {
    const list = parseGoproxyList('ftp://a.example,https://ok.example|word')
    expect(list.ok ? [] : list.problems.map((problem) => problem.element)).toEqual([
      'ftp://a.example',
      'word',
    ])
  })

  test('credentials are masked in every address', () => {
    expect(maskCredentials('https://u:p@a.example|http://t@b.example/x@y')).toBe(
      'https://***@a.example|http://***@b.example/x@y',
    )
  })

  test('any text gives a list or problems, and a list ends the way it was written', () => {
    const word = fc.constantFrom(
      'direct',
      'off',
      ' ',
      '',
      'https://a.example',
      'b.example/x',
      'word',
      ':',
      '?',
    )
    const text = fc.oneof(
      fc.string(),
      fc.array(fc.tuple(word, fc.constantFrom(',', '|'))).map((p) => p.flat().join('')),
    )
    fc.assert(
      fc.property(text, (input) => {
        const list = parseGoproxyList(input)
        if (!list.ok) return expect(list.problems.length).toBeGreaterThan(0)
        for (const [index, step] of list.steps.entries()) {
          const last = index === list.steps.length - 1
          if (step.kind === 'source') expect(step.next === undefined).toBe(last)
          else expect(last).toBe(true)
        }
      }),
    )
  })
})
