import { describe, expect, test } from 'bun:test'
import { choosePackage, pinnedOfKey, readPackages } from './pinned-package.ts'
import type { RelayLink } from './relay-link.ts'

describe('--package', () => {
  test.each([
    ['rsc.io/quote@v1.5.2', ['go'], [{ ecosystem: 'go', name: 'rsc.io/quote', version: 'v1.5.2' }]],
    ['@corp/a@1.0.0', ['npm', 'npm'], [{ ecosystem: 'npm', name: '@corp/a', version: '1.0.0' }]],
    [
      'go=m.example/x@v1.0.0, pypi=six@1.17.0',
      [],
      [
        { ecosystem: 'go', name: 'm.example/x', version: 'v1.0.0' },
        { ecosystem: 'pypi', name: 'six', version: '1.17.0' },
      ],
    ],
  ] as const)('%s', (text, asked, given) => {
    expect(readPackages(text, asked)).toEqual({ ok: true, given: [...given] })
  })

  test.each([
    ['six', ['pypi'], 'NAME@VERSION'],
    ['six@1.0', [], 'say whose package six is'],
    ['six@1.0', ['npm', 'pypi'], 'say whose package six is'],
    ['six@1.0', ['cargo'], 'the packages of cargo are not served'],
    ['six==1.0', ['pypi'], 'NAME@VERSION'],
  ] as const)('%s for %j is refused', (text, asked, message) => {
    const read = readPackages(text, asked)
    expect(read.ok ? '' : read.message).toContain(message)
  })
})

test.each([
  ['go', 'go/m.example/!lab/@v/v1.0.0.zip', 'm.example/Lab', 'v1.0.0'],
  ['npm', 'npm/@corp/tool/-/tool-1.2.3.tgz', '@corp/tool', '1.2.3'],
  ['npm', 'npm/a-b/-/a-b-1.0.0-rc.1.tgz', 'a-b', '1.0.0-rc.1'],
  ['pypi', 'pypi/files/ab/cd/tiny_lab-1.0-py3-none-any.whl', 'tiny-lab', '1.0'],
] as const)('%s: %s', (ecosystem, key, name, version) => {
  expect(pinnedOfKey(ecosystem, key)).toEqual({ ecosystem, name, version })
})

describe('without a given one', () => {
  const relay = (offline: boolean, keys: readonly [string, number][]): RelayLink => ({
    status: async () => ({ offline }),
    keptKeys: async () => keys.map(([key, sizeBytes]) => ({ key, sizeBytes })),
    watch: async () => ({ kind: 'watching' }),
    seen: async () => ({ kind: 'read', requests: [] }),
    facts: async () => undefined,
    bytes: async () => new Uint8Array(),
  })

  test('the usual one', async () => {
    expect(await choosePackage('npm', [], relay(false, []))).toMatchObject({ name: 'isarray' })
  })

  test('of a relay that is offline the smallest that it keeps', async () => {
    const kept = relay(true, [
      ['go/big.example/@v/v1.0.0.zip', 900],
      ['go/small.example/@v/v1.1.0.zip', 30],
    ])
    expect(await choosePackage('go', [], kept)).toMatchObject({ name: 'small.example', version: 'v1.1.0' })
    expect(await choosePackage('go', [], relay(true, []))).toMatchObject({ name: 'rsc.io/quote' })
  })
})
