import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { parseGoMod } from './go-mod.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

function parsed(text: string) {
  const result = parseGoMod(bytes(text))
  if (!result.ok) throw new Error(`line ${result.line}: ${result.reason}`)
  return result.file
}

const whole = `// Deprecated: use the other
// module instead.
module example.com/x/v2 // not this

go 1.21.0
toolchain go1.22.0
godebug default=go1.21

require example.com/a v1.2.3
require (
	example.com/b v0.0.0-20190102150405-abcdef123456 // indirect
	"example.com/c" v2.0.0+incompatible // indirect; a reason

	// alone
	example.com/d/v3 v3.1 // indirectly
)\r
exclude example.com/a v1.0.0
replace example.com/a => ../a
replace (
	example.com/b v1.0.0 => example.com/fork v1.1.0
)
// Published by accident.
retract v2.0.1
retract ( // why
	[v2.1.0, v2.2.0] // broken
)
tool example.com/t
future something ( new )
future (
	x y
)
empty ()
`

describe('go.mod', () => {
  test('everything is read, in both forms', () => {
    expect(parsed(whole)).toEqual({
      module: 'example.com/x/v2',
      deprecated: 'use the other\nmodule instead.\nnot this',
      goVersion: '1.21.0',
      require: [
        { path: 'example.com/a', version: 'v1.2.3', indirect: false },
        { path: 'example.com/b', version: 'v0.0.0-20190102150405-abcdef123456', indirect: true },
        { path: 'example.com/c', version: 'v2.0.0+incompatible', indirect: true },
        { path: 'example.com/d/v3', version: 'v3.1.0', indirect: false },
      ],
      exclude: [{ path: 'example.com/a', version: 'v1.0.0' }],
      replace: [
        { path: 'example.com/a', version: undefined, with: { path: '../a', version: undefined } },
        { path: 'example.com/b', version: 'v1.0.0', with: { path: 'example.com/fork', version: 'v1.1.0' } },
      ],
      retract: [
        { low: 'v2.0.1', high: 'v2.0.1', rationale: 'Published by accident.' },
        { low: 'v2.1.0', high: 'v2.2.0', rationale: 'broken' },
      ],
    })
  })

  const modules: readonly [text: string, module: string | undefined][] = [
    ['', undefined],
    ['// only a comment', undefined],
    ['module x.y/z', 'x.y/z'],
    ['module "x.y/z"\n', 'x.y/z'],
    ['module "x.y\\x2f\\u007a"\n', 'x.y/z'],
    ['module x.y/z//comment', 'x.y/z'],
    ['module (\n x.y/z\n)\n', 'x.y/z'],
    ['\tmodule\tx.y/z\t\r\n', 'x.y/z'],
    ['modules x.y/z', undefined],
  ]
  for (const [text, module] of modules) {
    test(`${JSON.stringify(text)} names ${module}`, () => expect(parsed(text).module).toBe(module))
  }

  test('a blank line parts a comment from the module line', () => {
    expect(parsed('// Deprecated: no\n\nmodule x.y/z\n').deprecated).toBeUndefined()
    expect(parsed('// About it.\n//\n// Deprecated: yes\nmodule x.y/z\n').deprecated).toBe('yes')
  })

  test('a go version of the future is read as far as it is known', () => {
    expect(parsed('go 1.99-what').goVersion).toBe('1.99')
    expect(parsed('go 1.21rc1').goVersion).toBe('1.21rc1')
  })

  const broken: readonly [text: string, line: number][] = [
    ['module a.b/c\nmodule a.b/c', 2],
    ['module', 1],
    ['module a b', 1],
    ['module `x.y/z`', 1],
    ["module 'x.y/z'", 1],
    ['module "x.y/z', 1],
    ['module "x.y/\\q"', 1],
    ['future "\\"', 1],
    ['module "\\ud800"', 1],
    ['go 1.21\ngo 1.22', 2],
    ['go one', 1],
    ['require x.y/z', 1],
    ['require x.y/z main', 1],
    ['require x.y/z v2.0.0', 1],
    ['require x.y/z/v1 v1.0.0', 1],
    ['require (\nx.y/z v1.0.0', 2],
    ['require (\nx.y/z v1.0.0\n) x', 3],
    ['/* comment */', 1],
    ['module x.y/z /* comment */', 1],
    ['<html>\u0000', 1],
    ['\ufeffmodule x.y/z', 1],
  ]
  for (const [text, line] of broken) {
    test(`${JSON.stringify(text)} is refused at line ${line}`, () => {
      expect(parseGoMod(bytes(text))).toMatchObject({ ok: false, line })
    })
  }

  test('what only a main module may say is left out where it is malformed', () => {
    const bad = ['a.b/c', 'a.b/c => d.e/f', 'a.b/c => ../d v1.0.0', 'a.b/c v2.0.0 => ../d', 'a.b/c x => ../d']
    const text = `${bad.map((line) => `replace ${line}\n`).join('')}exclude a.b/c v2.0.0\nmodule x.y/z\n`
    expect(parsed(text)).toMatchObject({ module: 'x.y/z', replace: [], exclude: [] })
  })

  test('retractions in an unknown form are left out', () => {
    expect(parsed('retract [v1.0.0, v1.1.0\nretract (v1.0.0, v1.1.0)\n').retract).toEqual([])
  })

  test('a file beyond the limit is refused unread', () => {
    expect(parseGoMod(new Uint8Array((16 << 20) + 1))).toMatchObject({ ok: false, line: 0 })
  })

  test('a megabyte of hostile text takes no more than linear work', () => {
    for (const piece of ['(', '"', '\\"', '//', '/', 'a(', 'require (\n', '"\\', '0.']) {
      expect(typeof parseGoMod(bytes(piece.repeat((1 << 20) / piece.length))).ok).toBe('boolean')
    }
  })

  const scrap = fc.constantFrom(
    'module',
    'require',
    'replace',
    '(',
    ')',
    '\n',
    ' ',
    '=>',
    '[',
    ',',
    ']',
    '"',
    '\\',
    '`',
    '//',
    'x.y/z',
    'v1.0.0',
    'v2',
    '\r',
    '\0',
    'retract',
    'go',
    '1.2',
    'é',
  )
  test('any bytes give a file or a problem', () => {
    const input = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.array(scrap, { maxLength: 40 }).map((pieces) => bytes(pieces.join(''))),
    )
    fc.assert(
      fc.property(input, (data) => {
        const result = parseGoMod(data)
        if (!result.ok) expect(result.reason).not.toBe('')
      }),
      { numRuns: 2000 },
    )
  })

  test('what is written is read back', () => {
    const path = fc.stringMatching(/^[a-z]{1,8}\.example\/[A-Za-z]{1,8}$/)
    const version = fc.tuple(fc.nat(1), fc.nat(99), fc.nat(99)).map((numbers) => `v${numbers.join('.')}`)
    const requirement = fc.record({ path, version, indirect: fc.boolean() })
    fc.assert(
      fc.property(path, fc.array(requirement), fc.boolean(), (module, require, inBlock) => {
        const lines = require.map((r) => `${r.path} ${r.version}${r.indirect ? ' // indirect' : ''}`)
        const text = inBlock
          ? `module ${module}\nrequire (\n${lines.map((line) => `\t${line}\n`).join('')})\n`
          : `module ${module}\n${lines.map((line) => `require ${line}\n`).join('')}`
        expect(parsed(text)).toMatchObject({ module, require })
      }),
    )
  })
})
