import { expect, test } from 'bun:test'
import { makePackument } from './npm-packument-maker.ts'

const spec = { name: 'small', versions: 50, sizeBytes: 300_000 }
const base = 'http://registry.example'

test('equal specs give equal bytes, of about the size that was asked for', () => {
  const [one, other] = [makePackument(spec, base), makePackument(spec, base)]
  expect(Buffer.compare(one.full, other.full)).toBe(0)
  expect(Buffer.compare(one.abbreviated, other.abbreviated)).toBe(0)
  expect(one.full.length).toBeWithin(240_000, 360_000)
})

test('both forms have every version, with the same dist', () => {
  const { full, abbreviated } = makePackument(spec, base)
  const [whole, short] = [full, abbreviated].map((bytes) => JSON.parse(bytes.toString()))
  expect(Object.keys(short.versions)).toEqual(Object.keys(whole.versions))
  expect(Object.keys(short.versions)).toHaveLength(50)
  const version = whole['dist-tags'].latest
  expect(short.versions[version].dist).toEqual(whole.versions[version].dist)
  expect(whole.time[version]).toBeString()
})
