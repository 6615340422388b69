import { describe, expect, test } from 'bun:test'
import { parse } from 'yaml'
import { addToYamlList, readYaml, setYaml } from './edit-yaml.ts'

describe('setting', () => {
  test.each([
    ['', 'a: "new"\n'],
    ['# only a comment\n', '# only a comment\na: "new"\n'],
    ['a: old\n', 'a: "new"\n'],
    ["a: 'old' # why\nb: 1\n", 'a: "new" # why\nb: 1\n'],
    ['a:\nb: 1\n', 'a: "new"\nb: 1\n'],
    ['b: 1', 'b: 1\na: "new"\n'],
    ['b:\n  a: 1\n', 'b:\n  a: 1\na: "new"\n'],
    ['--- # start\nb: 1\n...\n', '--- # start\nb: 1\na: "new"\n...\n'],
    ['b: |\n  a: no\n', 'b: |\n  a: no\na: "new"\n'],
  ])('%j', (before, after) => {
    expect(setYaml(before, ['a'], 'new')).toBe(after)
    expect(setYaml(after, ['a'], 'new')).toBe(after)
    expect(readYaml(after, ['a'])).toBe('new')
  })

  test.each([
    ['', 'm:\n  a: "new"\n'],
    ['m:\n    b: 1\n', 'm:\n    a: "new"\n    b: 1\n'],
    ['m:\n  a: old # x\n', 'm:\n  a: "new" # x\n'],
    ['m: {a: old, b: 1}\n', 'm: {a: "new", b: 1}\n'],
  ])('below another name: %j', (before, after) => {
    expect(setYaml(before, ['m', 'a'], 'new')).toBe(after)
    expect(parse(after)).toMatchObject({ m: { a: 'new' } })
  })

  test.each([
    ['a: [1]\n', ['a'], 'is no text'],
    ['m: {b: 1}\n', ['m', 'a'], 'written on one line'],
    ['{b: 1}\n', ['a'], 'the whole file is one'],
    ['- 1\n', ['a'], 'no map'],
    ['a: "\n', ['a'], 'line 2 is no YAML'],
  ] as const)('%j is left alone', (text, path, reason) => {
    expect(() => setYaml(text, path as readonly [string], 'new')).toThrow(reason)
  })
})

describe('adding to a list', () => {
  test.each([
    ['', 'l:\n  - "x"\n'],
    ['l:\n  - a\nb: 1\n', 'l:\n  - "x"\n  - a\nb: 1\n'],
    ['l:\n- a # why\n', 'l:\n- "x"\n- a # why\n'],
    ['l: [a, b] # why\n', 'l: [a, b, "x"] # why\n'],
    ['l: []\n', 'l: ["x"]\n'],
    ['l: [x]\n', 'l: [x]\n'],
    ['l: ["a",]\n', 'l: ["a", "x",]\n'],
    ['l: [a , ] # why\n', 'l: [a, "x" , ] # why\n'],
    ['l:\n  [\n    "a",\n    "b", # ]\n  ]\nb: 1\n', 'l:\n  [\n    "a",\n    "b", "x", # ]\n  ]\nb: 1\n'],
    ['l:\n  [\n    a # ]\n  ]\n', 'l:\n  [\n    a, "x" # ]\n  ]\n'],
  ])('%j', (before, after) => {
    expect(addToYamlList(before, 'l', ['x'])).toBe(after)
    expect(addToYamlList(after, 'l', ['x'])).toBe(after)
    expect(parse(after).l).toContain('x')
  })
})

test('a file that an edit would break is left alone', () => {
  expect(() => setYaml('a: |\n  old\nb: 1\n', ['a'], 'new')).toThrow('without breaking the file')
  expect(() => addToYamlList('l: [ # c\n]\n', 'l', ['x'])).toThrow('without breaking the file')
})
