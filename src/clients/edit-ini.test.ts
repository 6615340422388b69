import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { iniEntry, npmrc, pipConf, setIni } from './edit-ini.ts'
import { diffLines } from './line-diff.ts'

const value = 'http://127.0.0.1:7678/x/'

/** Files made of lines that people write, whole and torn. */
const file = fc
  .array(
    fc.constantFrom(
      'registry=https://a.example/',
      ' registry = "https://b.example/" ; why',
      '# registry=no',
      '; no',
      '',
      '[global]',
      '[install]',
      'index-url = https://c.example',
      'other: 1',
      '    continued',
      '    timeout = 60',
      '  retries = 3',
      '\tkey\t=\tvalue',
      '@a:registry=https://d.example/',
      '=',
      ']',
    ),
    { maxLength: 10 },
  )
  .chain((lines) =>
    fc.tuple(fc.constant(lines), fc.constantFrom('\n', '\r\n'), fc.boolean()).map(([all, end, closed]) => {
      const text = all.join(end)
      return closed && text !== '' ? text + end : text
    }),
  )

describe.each([
  ['npm', npmrc, undefined, 'registry'],
  ['pip', pipConf, 'global', 'index-url'],
] as const)('%s', (_, dialect, section, key) => {
  test('what is set is read again, and setting it again changes nothing', () => {
    fc.assert(
      fc.property(file, (text) => {
        const edited = setIni(text, dialect, section, key, value)
        expect(iniEntry(edited, dialect, section, key)?.value).toBe(value)
        expect(setIni(edited, dialect, section, key, value)).toBe(edited)
      }),
    )
  })

  test('one entry is changed, or none; all other lines stay', () => {
    fc.assert(
      fc.property(file, (text) => {
        const ended =
          text === '' || text.endsWith('\n') ? text : `${text}${text.includes('\r\n') ? '\r\n' : '\n'}`
        const entry = iniEntry(ended, dialect, section, key)
        const removed = diffLines(ended, setIni(ended, dialect, section, key, value)).filter(
          ({ kind }) => kind === 'removed',
        )
        expect(removed).toHaveLength(entry === undefined ? 0 : entry.end - entry.line)
      }),
    )
  })
})

test('settings of pip that are indented stay settings', () => {
  expect(setIni('[global]\n    timeout = 60\n', pipConf, 'global', 'index-url', value)).toBe(
    `[global]\n    timeout = 60\n    index-url = ${value}\n`,
  )
  expect(iniEntry('[global]\n  a = 1\n  b = 2\n', pipConf, 'global', 'b')?.value).toBe('2')
})

test('a new key of npm never lands in a section, where npm would not see it', () => {
  expect(setIni('a=1\n\n[x]\nb=2\n', npmrc, undefined, 'registry', value)).toBe(
    `a=1\nregistry=${value}\n\n[x]\nb=2\n`,
  )
  expect(setIni('[x]\nb=2\n', npmrc, undefined, 'registry', value)).toBe(`registry=${value}\n[x]\nb=2\n`)
})
