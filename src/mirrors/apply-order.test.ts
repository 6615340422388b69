import { describe, expect, test } from 'bun:test'
import { parse } from 'yaml'
import { newGoOrder, withSetting } from './apply-order.ts'
import type { Candidate } from './measurement.ts'
import type { RankedMirror } from './rank.ts'

function ranked(id: string, more: Partial<Candidate> = {}): RankedMirror {
  const candidate = { id, role: 'catalogue', domain: id, ...more }
  return { measurement: { candidate, address: `https://${id}.example` } } as unknown as RankedMirror
}

const managed = new Set([
  'https://a.example',
  'https://b.example',
  'https://c.example',
  'https://origin.example',
])
const origin = ranked('origin', { role: 'origin' })
const [a, b, c, d] = [ranked('a'), ranked('b'), ranked('c'), ranked('d')]

describe('the new order', () => {
  const cases: readonly [name: string, current: string | undefined, order: RankedMirror[], list: string][] = [
    ['where nothing is set', undefined, [a, origin], 'https://a.example|https://origin.example,direct'],
    [
      'of one mirror with direct',
      'https://b.example,direct',
      [a, b],
      'https://a.example|https://b.example,direct',
    ],
    ['keeps off at the end', 'https://b.example,off', [a], 'https://a.example,off'],
    ['keeps the separator behind the mirrors', 'https://b.example|direct', [a], 'https://a.example|direct'],
    [
      'adds no direct where there was none',
      'https://b.example',
      [a, b],
      'https://a.example|https://b.example',
    ],
    [
      "keeps the user's own source and its separator",
      'https://corp.example,https://b.example,direct',
      [a, ranked('corp', { role: 'yours' }), b],
      'https://corp.example,https://a.example|https://b.example,direct',
    ],
    [
      'keeps a source of the user behind the mirrors',
      'https://b.example,https://corp.example',
      [a],
      'https://a.example,https://corp.example',
    ],
    [
      'puts all mirrors where the first one was',
      'https://a.example|https://corp.example|https://b.example,direct',
      [b, a],
      'https://b.example|https://a.example,https://corp.example|direct',
    ],
    [
      'takes three, and the origin at the end',
      'https://a.example,direct',
      [a, b, c, d, origin],
      'https://a.example|https://b.example|https://c.example|https://origin.example,direct',
    ],
    [
      'takes one of those that fail together',
      'https://a.example,direct',
      [a, ranked('b', { domain: 'a' }), c],
      'https://a.example|https://c.example,direct',
    ],
    ['knows an address without its scheme', 'a.example/,direct', [b], 'https://b.example,direct'],
  ]
  for (const [name, current, order, list] of cases) {
    test(name, () => {
      expect(newGoOrder({ current, ranked: order, managed })).toEqual({ ok: true, list, changed: true })
    })
  }

  test('is no change when it stands there already', () => {
    const current = 'https://a.example|https://b.example,direct'
    expect(newGoOrder({ current, ranked: [a, b], managed })).toMatchObject({ ok: true, changed: false })
  })
  test("never sends the names of a user's own sources to public mirrors", () => {
    expect(newGoOrder({ current: 'https://corp.example', ranked: [a], managed })).toMatchObject({ ok: false })
    expect(newGoOrder({ current: 'https://corp.example,direct', ranked: [a], managed })).toMatchObject({
      ok: false,
    })
  })
  test('does not exist when nothing can be used', () => {
    expect(newGoOrder({ current: undefined, ranked: [], managed })).toMatchObject({ ok: false })
  })
})

const list = 'https://a.example|https://b.example,direct'

describe('a setting is written into a file', () => {
  const commented = `# our relay
listen: "0.0.0.0:7678"   # all of us

go:
    # the order that IT agreed on
    upstream: 'https://b.example,direct' # keep direct
    private: ["*.corp.example","github.com/acme/*"]
    ttl: {listMs: 5m,   latestMs: 1m}
cache:
  maxBytes: 10GiB
`
  test('with every other character as it was', () => {
    expect(withSetting(commented, ['go', 'upstream'], list)).toEqual({
      ok: true,
      text: commented.replace("'https://b.example,direct'", `"${list}"`),
    })
  })

  const cases: readonly [name: string, text: string, keeps: readonly string[]][] = [
    [
      'into a group whose comments and lists have a form of their own',
      'go:   # Go\n   # why\n   private: [ a.example,b.example ]\nlog: json',
      ['go:   # Go\n   upstream: "', '   # why\n   private: [ a.example,b.example ]\nlog: json'],
    ],
    [
      'into a group in one line',
      'go: { sumdb: off } # for now\nlog: json\n',
      ['sumdb: off', '# for now\nlog: json'],
    ],
    [
      'into a group that lacks it',
      'go:\n  # why\n  sumdb: off # for now\n\nlog: json\n',
      ['# why', 'sumdb: off # for now'],
    ],
    ['into a file without the group', '# mine\nlog: json # lines\n', ['# mine\nlog: json # lines\n']],
    ['into a file whose last line has no end', 'log: json', ['log: json\n']],
    ['into a group that is empty', 'go:\nlog: json # lines\n', ['# lines']],
    ['into a key without a value', 'go:\n  upstream:\n  sumdb: off\n', ['sumdb: off']],
    ['into an empty file', '', []],
    ['into a file of comments', '# nothing yet\n', ['# nothing yet\n']],
  ]
  for (const [name, text, keeps] of cases) {
    test(name, () => {
      const edited = withSetting(text, ['go', 'upstream'], list)
      if (!edited.ok) throw new Error(edited.reason)
      for (const part of keeps) expect(edited.text).toContain(part)
      const before = (parse(text) ?? {}) as { go?: object }
      expect(parse(edited.text)).toEqual({ ...before, go: { ...before.go, upstream: list } })
    })
  }

  test('but not into one that is broken or no map', () => {
    expect(withSetting('go: [', ['go', 'upstream'], list)).toMatchObject({ ok: false })
    expect(withSetting('- a\n', ['go', 'upstream'], list)).toMatchObject({ ok: false })
  })
})
