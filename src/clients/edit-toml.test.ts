import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { readToml, setToml } from './edit-toml.ts'

describe('reading', () => {
  test.each([
    ['a.b', '[a]\nb = "x"\n', 'x'],
    ['a.b', 'a.b = "x"\n', 'x'],
    ['a.b', '[a]\n"b" = \'x\'\n', 'x'],
    ['a.b', '[ "a" ]\nb="x"#c\n', 'x'],
    ['a.b', '# [a]\n# b = "x"\n', undefined],
    ['a.b', 'b = "x"\n', undefined],
    ['a.b', '[a]\nb = 3\n', undefined],
    ['a.b', '[a]\ns = """\nb = "no"\n"""\nb = "x"\n', 'x'],
    ['a.b', "[a]\ns = '''\n[z]\n'''\nb = \"\\u0078\"\n", 'x'],
    ['a.b.c', '[a]\nb = { d = 1, c = "x" }\n', 'x'],
    ['a.b.c', 'a = { b.c = "x", e = [1, 2] }\n', 'x'],
    ['a.b.c', 'a = { q = {}, b = { c = "x" } } # why\n', 'x'],
    ['a.b.c', 'a = {\n  b = { d = "}", c = "x", }, # why\n}\n', 'x'],
    ['a.b.c', '[[a]]\nb = { c = "x" }\n', undefined],
    ['a.b', '[a]\ns = [ "]", # ]\n [1], { q = "}" } ]\nb = "x"\n', 'x'],
  ])('%s of %j', (path, text, value) => {
    expect(readToml(text, path.split('.'))).toBe(value)
  })

  test.each([
    'a = "x\n',
    '[a\n',
    'a = [1\n',
    'a\n',
    '= 1\n',
    'a = "x" b\n',
    'a =\n',
    'a = { b }\n',
    'a = { b = 1\n',
    'a = { b = "1" c = 2 }\n',
  ])('%j is no TOML', (text) => {
    expect(() => readToml(text, ['a'])).toThrow('is no TOML')
  })
})

describe('setting', () => {
  test.each([
    ['', '[a]\nb = "new"\n'],
    ['x = 1\n', 'x = 1\n\n[a]\nb = "new"\n'],
    ['[a]\n', '[a]\nb = "new"\n'],
    ['[a]\nc = 1\n\n[d]\n', '[a]\nc = 1\nb = "new"\n\n[d]\n'],
    ["[a]\nb = 'old' # why\n", '[a]\nb = "new" # why\n'],
    ['[a.z]\nq = 1\n', '[a.z]\nq = 1\n\n[a]\nb = "new"\n'],
    ['a.c = 1\n', 'a.c = 1\na.b = "new"\n'],
    ['a = { c = 1, b = "old" } # why\n', 'a = { c = 1, b = "new" } # why\n'],
    ["a = {b='old',c=[1]}\n", 'a = {b="new",c=[1]}\n'],
    ['[[a.x]]\nb = "kept"\n', '[[a.x]]\nb = "kept"\n\n[a]\nb = "new"\n'],
  ])('%j', (before, after) => {
    expect(setToml(before, ['a', 'b'], 'new')).toBe(after)
    expect(setToml(after, ['a', 'b'], 'new')).toBe(after)
    expect(Bun.TOML.parse(after)).toMatchObject({ a: { b: 'new' } })
  })

  test('a table on one line is left alone', () => {
    expect(() => setToml('a = { c = 1 }\n', ['a', 'b'], 'new')).toThrow('written on one line')
  })

  test.each(['[a]\nb = { c = 1 }\n', '[a]\nb = ["x"]\n', 'a = { b = {} }\n'])(
    '%j holds more than a text, and is left alone',
    (text) => {
      expect(() => setToml(text, ['a', 'b'], 'new')).toThrow("'a.b' holds more than a text")
    },
  )

  test('whatever text is set is read again, by us and by another reader', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }).filter((text) => !/[\u007f-\u009f\ud800-\udfff]/.test(text)),
        (value) => {
          const text = setToml('[z]\nq = 1\n', ['a', 'b'], value)
          expect(readToml(text, ['a', 'b'])).toBe(value)
          expect(Bun.TOML.parse(text)).toMatchObject({ a: { b: value } })
        },
      ),
    )
  })
})
