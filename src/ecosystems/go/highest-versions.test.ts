import { expect, test } from 'bun:test'
import { HighestVersions } from './highest-versions.ts'

const at = (version: string, path = 'a.example/m') => ({ path, version })

test('the highest version counts, whatever the order', () => {
  const versions = new HighestVersions(10)
  expect([at('v1.9.0'), at('v1.10.0'), at('v1.2.0'), at('v1.10.0')].map((one) => versions.add(one))).toEqual([
    true,
    true,
    false,
    false,
  ])
  expect(versions.get('a.example/m')).toBe('v1.10.0')
  expect([versions.isBelow(at('v1.10.0')), versions.isBelow(at('v1.11.0'))]).toEqual([false, true])
})

test('once full it takes no more modules, but higher versions of those it has', () => {
  const versions = new HighestVersions(1)
  versions.add(at('v1.0.0'))
  expect(versions.isFull).toBe(true)
  expect(versions.add(at('v1.0.0', 'a.example/n'))).toBe(false)
  expect(versions.add(at('v1.1.0'))).toBe(true)
  expect(versions.has('a.example/n')).toBe(false)
})
