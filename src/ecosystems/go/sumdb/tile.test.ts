import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { createTestDatabase } from './test-database.ts'
import {
  type HashTile,
  parseTilePath,
  pathOfHashTile,
  readTileHashes,
  type TileReader,
  tilePath,
} from './tile.ts'
import { parseTree, storedHashIndex, type Tree, treeIndexes } from './tlog.ts'

describe('tile paths', () => {
  test.each([
    ['tile/4/0/001', { height: 4, level: 0, n: 1, width: 16 }],
    ['tile/4/0/001.p/5', { height: 4, level: 0, n: 1, width: 5 }],
    ['tile/3/5/x123/x456/078', { height: 3, level: 5, n: 123456078, width: 8 }],
    ['tile/3/5/x123/x456/078.p/2', { height: 3, level: 5, n: 123456078, width: 2 }],
    ['tile/1/0/x003/x057/500', { height: 1, level: 0, n: 3057500, width: 2 }],
    ['tile/8/data/x001/234', { height: 8, level: 'data', n: 1234, width: 256 }],
  ] as const)('%s', (path, tile) => {
    expect(parseTilePath(path)).toEqual(tile)
    expect(tilePath(tile)).toBe(path)
  })

  test.each([
    ['tile/8/0/000.p/256'],
    ['tile/8/0/000.p/0'],
    ['tile/8/0/000.p/01'],
    ['tile/8/0/00'],
    ['tile/8/0/1000'],
    ['tile/8/0/x000/001'],
    ['tile/8/0/001/002'],
    ['tile/08/0/001'],
    ['tile/8/00/001'],
    ['tile/0/0/001'],
    ['tile/31/0/001'],
    ['tile/8/64/001'],
    ['tile/8/-1/001'],
    ['tile/8/0/001/'],
    ['tile/8/0/../001'],
    ['/tile/8/0/001'],
    ['lookup/8/0/001'],
    [''],
  ])('refuses %p', (path) => {
    expect(parseTilePath(path)).toBeUndefined()
  })

  test('what is written is read back', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 30 }),
        fc.oneof(fc.nat({ max: 63 }), fc.constant('data' as const)),
        fc.nat({ max: 10 ** 12 }),
        fc.nat(),
        (height, level, n, width) => {
          const tile = { height, level, n, width: (width % 2 ** height) + 1 }
          expect(parseTilePath(tilePath(tile))).toEqual(tile)
        },
      ),
    )
  })
})

/** More than 256 tiles of level 0, so that there is a second and a third level. */
const database = createTestDatabase({ name: 'sum.example' })
database.grow(66_000)

function treeOf(size: number): Tree {
  const tree = parseTree(database.head(size))
  if (tree === undefined) throw new Error('the test database signs no tree')
  return tree
}

function reader(change: (path: string, bytes: Uint8Array) => Uint8Array = (_, bytes) => bytes) {
  const asked: string[] = []
  const kept: string[] = []
  const tiles: TileReader = {
    async read(tile: HashTile) {
      const path = pathOfHashTile(tile)
      asked.push(path)
      const bytes = await database.read(path)
      if (bytes === undefined) return { kind: 'unreachable', reason: `no ${path}` }
      return { kind: 'bytes', bytes: change(path, bytes) }
    },
    keep: (tile) => kept.push(pathOfHashTile(tile)),
  }
  return { tiles, asked, kept }
}

describe('hashes read from tiles', () => {
  test.each([1, 2, 255, 256, 257, 511, 512, 1000, 65_535, 65_536, 65_537, 66_000])(
    'every tree of %d records proves its own records and its beginnings',
    async (size) => {
      const { tiles } = reader()
      for (const record of new Set([0, size >> 1, size - 1])) {
        const older = treeIndexes(record)
        const read = await readTileHashes(treeOf(size), [storedHashIndex(0, record), ...older], tiles)
        expect(read.kind).toBe('hashes')
      }
    },
  )

  test('all tiles of a proof are asked for before any has answered', async () => {
    const gate = Promise.withResolvers<void>()
    const { tiles, asked } = reader()
    const gated: TileReader = {
      keep: tiles.keep,
      async read(tile) {
        const answer = await tiles.read(tile)
        await gate.promise
        return answer
      },
    }
    const reading = readTileHashes(treeOf(66_000), [storedHashIndex(0, 5)], gated)
    expect(asked.toSorted()).toEqual([
      'tile/8/0/000',
      'tile/8/0/257.p/208',
      'tile/8/1/000',
      'tile/8/1/001.p/1',
      'tile/8/2/000.p/1',
    ])
    gate.resolve()
    expect((await reading).kind).toBe('hashes')
  })

  test.each(['tile/8/0/000', 'tile/8/0/257.p/208', 'tile/8/1/000', 'tile/8/1/001.p/1', 'tile/8/2/000.p/1'])(
    'one changed byte in %s is noticed, and nothing is kept',
    async (changed) => {
      const { tiles, kept } = reader((path, bytes) => {
        const copy = Uint8Array.from(bytes)
        if (path === changed) copy[31] = (copy[31] ?? 0) ^ 1
        return copy
      })
      const read = await readTileHashes(treeOf(66_000), [storedHashIndex(0, 5)], tiles)
      expect(read.kind).toBe('inconsistent')
      expect(kept).toEqual([])
    },
  )

  test('a tile of the wrong length is noticed', async () => {
    for (const cut of [0, 32, 31]) {
      const { tiles } = reader((_, bytes) => bytes.subarray(0, cut))
      expect((await readTileHashes(treeOf(300), [storedHashIndex(0, 299)], tiles)).kind).toBe('inconsistent')
    }
  })
})
