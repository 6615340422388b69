import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  checkModulePath,
  checkModuleVersion,
  escapePath,
  escapeVersion,
  matchPathMajor,
  splitPathVersion,
  unescapePath,
  unescapeVersion,
} from './module-path.ts'

const valid = [
  'x.y/z',
  'x.y',
  'x..y/z',
  'x.y/z/v2',
  'x.y/z/v10',
  'x.y/v',
  'x.y-/z',
  'x.y/z-',
  'x.y/z_',
  'x.y/z~',
  'x.y/x.foo',
  'x.y/prn2',
  'x.y/com',
  'x.y/calm1',
  'x.y/a~b1',
  'x.y/_z/~t',
  'gopkg.in/yaml.v0',
  'gopkg.in/yaml.v2',
  'gopkg.in/yaml.v2-unstable',
  'github.com/Azure/go-autorest',
]
const invalid = [
  '',
  '/x.y/z',
  'x./z',
  '.x/z',
  '-x.y/z',
  'x/z',
  'x.y//z',
  'x.y/z/',
  'x.y/../z',
  'x.y/.git',
  'x.y/z.',
  'x.y/z/v0',
  'x.y/z/v1',
  'x.y/z/v02',
  'x.y/z/v2.0',
  'x.y/z/v.2',
  'X.y/z',
  'x_.y/z',
  'x.y~/z',
  'x.y/z~1',
  'x.y/aux.foo',
  'x.y/PRN',
  'x.y/Com1.txt',
  'gopkg.in/yaml',
  'gopkg.in/yaml.v02',
  'gopkg.in/yaml.v',
  'gopkg.in/yaml/v2',
  'github.com/user/испытание',
  ...[...'!"#$%&\'()*+,:;<=>?@[\\]^`{|} \0\n\x7f\xff'].map((char) => `x.y/z${char}`),
]

describe('module paths', () => {
  for (const path of valid) {
    test(`${path} is valid`, () => {
      expect(checkModulePath(path)).toBeUndefined()
      const split = splitPathVersion(path)
      expect(`${split?.prefix}${split?.pathMajor}`).toBe(path)
    })
  }
  for (const path of invalid) {
    test(`${JSON.stringify(path)} is invalid`, () => {
      expect(checkModulePath(path)).toBeString()
      expect(escapePath(path)).toBeUndefined()
      expect(unescapePath(path)).toBeUndefined()
    })
  }

  const pairs: readonly [path: string, version: string, fits: boolean][] = [
    ['rsc.io/quote', '0.1.0', false],
    ['rsc io/quote', 'v1.0.0', false],
    ['github.com/go-yaml/yaml', 'v0.8.0', true],
    ['github.com/go-yaml/yaml', 'v2.0.0', false],
    ['github.com/go-yaml/yaml/v2', 'v1.0.0', false],
    ['github.com/go-yaml/yaml/v2', 'v2.1.5', true],
    ['gopkg.in/yaml.v0', 'v0.8.0', true],
    ['gopkg.in/yaml.v0', 'v1.0.0', false],
    ['gopkg.in/yaml.v1', 'v0.8.0', false],
    ['gopkg.in/check.v1', 'v0.0.0', false],
    ['gopkg.in/check.v1', 'v0.0.0-20160102150405-abcdef123456', true],
    ['gopkg.in/yaml.v2-unstable', 'v2.0.0', true],
    ['rsc.io/quote', 'v17.0.0', false],
    ['rsc.io/quote', 'v17.0.0+incompatible', true],
  ]
  for (const [path, version, fits] of pairs) {
    test(`${version} ${fits ? 'fits' : 'does not fit'} ${path}`, () => {
      expect(checkModuleVersion(path, version) === undefined).toBe(fits)
    })
  }

  test('the major version of a path is what follows the prefix', () => {
    expect(splitPathVersion('x.y/z/v3')).toEqual({ prefix: 'x.y/z', pathMajor: '/v3' })
    expect(splitPathVersion('gopkg.in/yaml.v3')).toEqual({ prefix: 'gopkg.in/yaml', pathMajor: '.v3' })
    expect(matchPathMajor('v1.0.0', '.v1-unstable')).toBe(true)
    expect(matchPathMajor('v0.0.0', '/v2')).toBe(false)
  })
})

describe('escaping', () => {
  test('upper case becomes an exclamation mark and lower case', () => {
    expect(escapePath('github.com/GoogleCloudPlatform/omega')).toBe('github.com/!google!cloud!platform/omega')
    expect(escapeVersion('v1.0.0-RC1')).toBe('v1.0.0-!r!c1')
    expect(unescapeVersion('v1.0.0-!r!c1')).toBe('v1.0.0-RC1')
    expect(escapeVersion('v2.0.0+incompatible')).toBe('v2.0.0+incompatible')
  })

  for (const escaped of ['x.y/Z', 'x.y/!z!', 'x.y/!0z', 'x.y/!_z', 'x.y/!!z', 'x.y/!Z', 'x.y/é', '']) {
    test(`${JSON.stringify(escaped)} is no escaped path`, () => expect(unescapePath(escaped)).toBeUndefined())
  }
  for (const version of ['', '.', '..', 'v1.', 'a/b', 'a\\b', 'a:b', 'nul', 'CON.1', 'é', 'v1!', 'a\0']) {
    test(`${JSON.stringify(version)} is no version to escape`, () => {
      expect(escapeVersion(version)).toBeUndefined()
    })
  }

  const text = fc.oneof(
    fc.string({ maxLength: 30 }),
    fc.stringMatching(/^[a-z.]{1,6}(\/[A-Za-z!.~_0-9-]{1,6}){0,4}$/),
  )

  test('escaping and unescaping undo each other, and only lower case comes out', () => {
    fc.assert(
      fc.property(text, (input) => {
        for (const [toWire, fromWire] of [
          [escapePath, unescapePath],
          [escapeVersion, unescapeVersion],
        ] as const) {
          const escaped = toWire(input)
          if (escaped !== undefined) {
            expect(fromWire(escaped)).toBe(input)
            expect(escaped).toBe(escaped.toLowerCase())
          }
          const plain = fromWire(input)
          if (plain !== undefined) expect(toWire(plain)).toBe(input)
        }
      }),
      { numRuns: 500 },
    )
  })
})
