import { describe, expect, test } from 'bun:test'
import type { ZipEntry } from './central-directory.ts'
import { findNameBreach, findZipBreach, MAX_ROOT_FILE_BYTES, MAX_ZIP_BYTES } from './zip-rules.ts'

function entry(name: string, sizeBytes = 1): ZipEntry {
  const rest = { method: 0, crc32: 0, hasDescriptor: false, compressedBytes: 0, headerOffset: 0 }
  return { name, sizeBytes, ...rest }
}

const breach = (...names: string[]): string | undefined =>
  findZipBreach(
    names.map((name) => entry(`ex.com/m@v1.0.0/${name}`)),
    'ex.com/m',
    'v1.0.0',
  )

describe('names', () => {
  test.each([
    'a.go',
    'dir/sub/file.txt',
    '.hidden',
    '...x',
    '-dash',
    'a b',
    '!#$%&()+,-.=@[]^_{}~',
    'été/文件.go',
    'com',
    'console',
    'com10',
    'x.con',
    'short~1',
    'vendor/x/y.go',
    '.git/config',
  ])('%s may be', (name) => {
    expect(findNameBreach(name)).toBeUndefined()
  })

  test.each([
    '',
    '/a',
    'a/',
    'a//b',
    '.',
    '..',
    'a/../b',
    './a',
    'a/...',
    'a.',
    'a./b',
    'a\\b',
    'a:b',
    'a*b',
    'a?b',
    'a"b',
    "a'b",
    'a<b',
    'a|b',
    'a`b',
    'a;b',
    'a\nb',
    'a\u0000b',
    'a\u007fb',
    'a\u00a0b',
    'a\u2028b',
    'a\u0301',
    '٣',
    '😀',
    'CON',
    'con.txt',
    'a/Aux.go',
    'lpt9.a.b',
  ])('%p may not be', (name) => {
    expect(findNameBreach(name)).toBeString()
  })
})

describe('sets of names', () => {
  test.each([
    [['go.mod', 'a.go', 'b/a.go', 'LICENSE']],
    [['a/', 'a/', 'a/b', 'a/c/']],
    [['']],
    [['go.mod.x', 'x/go.mods']],
    [[]],
  ])('%p obeys', (names) => {
    expect(breach(...names)).toBeUndefined()
  })

  test.each([
    [['a', 'a'], 'twice'],
    [['a', 'A'], 'upper and lower case'],
    [['x/a', 'X/b'], 'upper and lower case'],
    [['straße/a', 'STRAẞE/b'], 'upper and lower case'],
    [['k', '\u212a'], 'upper and lower case'],
    [['a', 'a/b'], 'both a file and a directory'],
    [['a/b', 'a'], 'both a file and a directory'],
    [['a/', 'a'], 'both a file and a directory'],
    [['GO.MOD'], 'lower case'],
    [['Go.mod'], 'lower case'],
    [['sub/go.mod'], 'root'],
    [['sub/GO.mod'], 'root'],
  ])('%p does not', (names, why) => {
    expect(breach(...names)).toContain(why)
  })

  test.each([
    'other@v1.0.0/a',
    'ex.com/m@v1.0.1/a',
    'ex.com/m@v1.0.0',
    'ex.com/m@v1.0.0a/b',
    'EX.com/m@v1.0.0/a',
    'a',
    '',
  ])('%p has not the prefix', (name) => {
    expect(findZipBreach([entry(name)], 'ex.com/m', 'v1.0.0')).toContain('does not begin')
  })

  test('declared sizes are bounded', () => {
    const zip = (...sizes: [string, number][]): string | undefined =>
      findZipBreach(
        sizes.map(([name, size]) => entry(`m@v1/${name}`, size)),
        'm',
        'v1',
      )
    expect(zip(['a', MAX_ZIP_BYTES])).toBeUndefined()
    expect(zip(['a', MAX_ZIP_BYTES], ['b', 1])).toContain('unpacks')
    expect(zip(['go.mod', MAX_ROOT_FILE_BYTES])).toBeUndefined()
    expect(zip(['go.mod', MAX_ROOT_FILE_BYTES + 1])).toContain('go.mod')
    expect(zip(['LICENSE', MAX_ROOT_FILE_BYTES + 1])).toContain('LICENSE')
    expect(zip(['x/LICENSE', MAX_ROOT_FILE_BYTES + 1])).toBeUndefined()
  })
})
