import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  combineTree,
  EMPTY_TREE,
  formatTree,
  hashesOfRecord,
  parseTree,
  recordHash,
  splitStoredHashIndex,
  storedHashIndex,
  treeIndexes,
} from './tlog.ts'

/** The test vectors of certificate transparency (RFC 6962), leaves and the roots of the first n of them. */
const LEAVES = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
]
const ROOTS = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
]

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

describe('RFC 6962 hashes', () => {
  const hashes: Uint8Array[] = []
  const stored = (index: number): Uint8Array => hashes[index] ?? new Uint8Array()
  for (const [n, leaf] of LEAVES.entries()) {
    hashes.push(...hashesOfRecord(n, Buffer.from(leaf, 'hex'), stored))
  }

  test.each(ROOTS.map((root, i) => [i + 1, root] as const))('the root of %d records', (size, root) => {
    expect(hex(combineTree(treeIndexes(size).map(stored)))).toBe(root)
  })

  test('the empty tree and the empty record', () => {
    expect(hex(EMPTY_TREE.hash)).toStartWith('e3b0c44298fc1c14')
    expect(combineTree([])).toEqual(EMPTY_TREE.hash)
    expect(hex(recordHash(new Uint8Array()))).toBe(ROOTS[0] ?? '')
  })
})

test('the numbering of hashes is dense and goes both ways', () => {
  let next = 0
  for (let n = 0; n < 300; n++) {
    for (let level = 0; level === 0 || (n + 1) % 2 ** level === 0; level++) {
      const place = { level, n: (n + 1) / 2 ** level - 1 }
      expect(storedHashIndex(place.level, place.n)).toBe(next)
      expect(splitStoredHashIndex(next)).toEqual(place)
      next++
    }
  }
})

test('the numbering is exact for trees of any real size', () => {
  fc.assert(
    fc.property(fc.nat({ max: 40 }), fc.nat({ max: 2 ** 31 - 1 }), (level, number) => {
      const n = Math.floor(number / 2 ** Math.max(0, level - 16))
      expect(splitStoredHashIndex(storedHashIndex(level, n))).toEqual({ level, n })
    }),
  )
})

test('a tree head is read only in its one form', () => {
  const tree = { size: 42, hash: new Uint8Array(32).fill(3) }
  const text = formatTree(tree)
  expect(parseTree(text)).toEqual({ size: 42, hash: Buffer.from(tree.hash) })
  expect(parseTree(`${text}more lines\n`)?.size).toBe(42)
  for (const bad of [
    text.slice(0, -1),
    text.replace('go.sum', 'go.sam'),
    text.replace('42', '042'),
    text.replace('42', '-1'),
    text.replace('42', '4e1'),
    text.replace('42', '99999999999999999999'),
    text.replace('AwMD', 'AwM'),
    '',
  ]) {
    expect(parseTree(bad)).toBeUndefined()
  }
})
