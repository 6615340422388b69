import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  canonicalVersion,
  compareVersions,
  isCanonical,
  isPseudoVersion,
  majorOf,
  parsePseudoVersion,
  releasesFromHighest,
} from './version.ts'

/** In ascending order; what is no version is below all others and equal to its like. */
const canonical: readonly [version: string, canonical: string | undefined][] = [
  ['bad', undefined],
  ['', undefined],
  ['1.2.3', undefined],
  ['V1.2.3', undefined],
  ['v01.2.3', undefined],
  ['v1.2.3-', undefined],
  ['v1.2.3-a..b', undefined],
  ['v1.2.3-01', undefined],
  ['v1.2.3+', undefined],
  ['v1.2.3.4', undefined],
  ['v1-pre', undefined],
  ['v1.2+meta', undefined],
  ['v1.2.3\n', undefined],
  ['v1.0.0-0', 'v1.0.0-0'],
  ['v1.0.0-alpha', 'v1.0.0-alpha'],
  ['v1.0.0-alpha.1', 'v1.0.0-alpha.1'],
  ['v1.0.0-alpha.beta', 'v1.0.0-alpha.beta'],
  ['v1.0.0-beta', 'v1.0.0-beta'],
  ['v1.0.0-beta.2', 'v1.0.0-beta.2'],
  ['v1.0.0-beta.11', 'v1.0.0-beta.11'],
  ['v1.0.0-rc.1', 'v1.0.0-rc.1'],
  ['v1', 'v1.0.0'],
  ['v1.0', 'v1.0.0'],
  ['v1.0.0', 'v1.0.0'],
  ['v1.2.3-456', 'v1.2.3-456'],
  ['v1.2.3-456.789', 'v1.2.3-456.789'],
  ['v1.2.3-456-789', 'v1.2.3-456-789'],
  ['v1.2.3-456a', 'v1.2.3-456a'],
  ['v1.2.3-0a', 'v1.2.3-0a'],
  ['v1.2.3-pre', 'v1.2.3-pre'],
  ['v1.2.3-pre+meta', 'v1.2.3-pre'],
  ['v1.2.3', 'v1.2.3'],
  ['v1.2.3+meta-pre.sha.256a', 'v1.2.3'],
  ['v1.2.3+incompatible.x', 'v1.2.3'],
  ['v1.10.0', 'v1.10.0'],
  ['v2.0.0+incompatible', 'v2.0.0+incompatible'],
  ['v99999999999999999999.0.0', 'v99999999999999999999.0.0'],
]
const order = [
  'v1.0.0-0',
  'v1.0.0-1',
  'v1.0.0-01a',
  'v1.0.0-A',
  'v1.0.0-a',
  'v1.0.0',
  'v1.2.0',
  'v1.19.0',
  'v2',
  'v10',
]

describe('versions', () => {
  for (const [version, expected] of canonical) {
    test(`${JSON.stringify(version)} is canonically ${expected}`, () => {
      expect(canonicalVersion(version)).toBe(expected)
      expect(isCanonical(version)).toBe(version === expected)
      expect(majorOf(version)).toBe(expected?.split('.')[0])
    })
  }

  test('precedence is that of semver.org', () => {
    for (const [i, left] of order.entries()) {
      for (const [j, right] of order.entries()) {
        expect(Math.sign(compareVersions(left, right))).toBe(Math.sign(i - j))
      }
    }
    expect(compareVersions('v1.2.3+a', 'v1.2.3+b')).toBe(0)
    expect(compareVersions('bad', 'v0.0.0-0')).toBeLessThan(0)
    expect(compareVersions('bad', 'worse')).toBe(0)
  })

  const part = fc.oneof(fc.nat(20), fc.constant(9007199254740993n))
  const version = fc
    .tuple(
      part,
      part,
      part,
      fc.stringMatching(/^(-[0-9A-Za-z-]{1,4}(\.[0-9a-z-]{1,3}){0,2})?(\+incompatible)?$/),
    )
    .map(([a, b, c, rest]) => `v${a}.${b}.${c}${rest}`)

  test('a canonical form is its own, and comparing is a total order', () => {
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        const form = canonicalVersion(a)
        if (form !== undefined) expect(canonicalVersion(form)).toBe(form)
        expect(Math.sign(compareVersions(a, b))).toBe(-Math.sign(compareVersions(b, a)) + 0)
        if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0) {
          expect(compareVersions(a, c)).toBeLessThanOrEqual(0)
        }
      }),
    )
  })
})

const stamp = '20190102150405'
const pseudo: readonly [version: string, base: ReturnType<typeof baseOf>][] = [
  [`v0.0.0-${stamp}-abcdef123456`, { kind: 'none' }],
  [`v3.0.0-${stamp}-abcdef123456`, { kind: 'none' }],
  [`v1.2.4-0.${stamp}-abcdef123456`, { kind: 'tag', version: 'v1.2.3' }],
  [`v2.1.10-0.${stamp}-abcdef123456+incompatible`, { kind: 'tag', version: 'v2.1.9+incompatible' }],
  [`v1.2.3-pre.0.${stamp}-abcdef123456`, { kind: 'tag', version: 'v1.2.3-pre' }],
  [`v1.2.3-rc.1.0.${stamp}-abcdef123456+incompatible`, { kind: 'tag', version: 'v1.2.3-rc.1+incompatible' }],
  [`v0.0.0-${stamp}-abcdef123456+incompatible`, { kind: 'impossible' }],
  [`v1.2.0-0.${stamp}-abcdef123456`, { kind: 'impossible' }],
]
function baseOf(version: string) {
  return parsePseudoVersion(version)?.base
}

describe('pseudo-versions', () => {
  for (const [version, base] of pseudo) {
    test(`${version} is based on ${JSON.stringify(base)}`, () => {
      expect(parsePseudoVersion(version)).toEqual({
        timestamp: stamp,
        timeMs: Date.UTC(2019, 0, 2, 15, 4, 5),
        revision: 'abcdef123456',
        base: base ?? { kind: 'none' },
      })
    })
  }

  const ordinary = [
    'v1.2.3',
    'v1.2.3-pre',
    `v1.2.3-${stamp}-abcdef123456`,
    `v1.2.4-1.${stamp}-abcdef123456`,
    'v0.0.0-2019010215040-abcdef123456',
    `v0.0.0-${stamp}-abc_def`,
    `v0.0.0-${stamp}`,
    `v0.0.0-x${stamp}-abcdef123456`,
    'v0.0.1-go1.21.0.linux-amd64',
  ]
  for (const version of ordinary) {
    test(`${version} is none`, () => expect(isPseudoVersion(version)).toBe(false))
  }

  test('a timestamp that is no date is kept without a time', () => {
    expect(parsePseudoVersion('v0.0.0-20190231000000-abcdef123456')?.timeMs).toBeUndefined()
    expect(parsePseudoVersion('v0.0.0-20191301000000-abcdef123456')?.timeMs).toBeUndefined()
  })
})

describe('releases', () => {
  test.each([
    [
      ['v1.2.0', 'v1.10.0', 'v1.9.0'],
      ['v1.10.0', 'v1.9.0', 'v1.2.0'],
    ],
    [['v1.0.0', 'v1.1.0-rc.1', 'v0.0.0-20200101000000-0123456789ab'], ['v1.0.0']],
    [['v1.0.0', 'v2.0.0+incompatible', 'latest'], ['v1.0.0']],
    [['v1.0.0-rc.1'], []],
    [[], []],
  ])('of %p are, from the highest, %p', (versions, releases) => {
    expect(releasesFromHighest(versions)).toEqual(releases)
  })
})
