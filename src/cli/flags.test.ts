import { describe, expect, test } from 'bun:test'
import { configFlags, describeFlags, parseFlags } from './flags.ts'

const specs = {
  listen: { type: 'string', summary: 'Where.' },
  offline: { type: 'boolean', summary: 'No network.' },
  help: { type: 'boolean', short: 'h', summary: 'This.' },
} as const

describe('what is understood', () => {
  test.each([
    ['--listen a:1 --offline x', { listen: 'a:1', offline: true }, ['x']],
    ['--listen=a:1 y --offline=false', { listen: 'a:1', offline: 'false' }, ['y']],
    ['--listen a --listen b', { listen: 'b' }, []],
    ['--listen=-1', { listen: '-1' }, []],
    ['-h', { help: true }, []],
    ['-- --listen', {}, ['--listen']],
    ['', {}, []],
  ])('%s', (line, values, positionals) => {
    expect(parseFlags(line.split(' ').filter(Boolean), specs)).toEqual({ ok: true, values, positionals })
  })
})

describe('what is not', () => {
  test.each([
    ['--lisen a', 'unknown flag --lisen; did you mean --listen?'],
    ['--nothing-like-it', 'unknown flag --nothing-like-it'],
    ['--__proto__ x', 'unknown flag --__proto__'],
    ['-x', 'unknown flag -x'],
    ['--listen', "--listen needs a value (one that starts with '-': --listen=VALUE)"],
    ['--listen --offline', "--listen needs a value (one that starts with '-': --listen=VALUE)"],
    ['--offline=maybe', '--offline takes no value but true or false'],
  ])('%s', (line, message) => {
    expect(parseFlags(line.split(' '), specs)).toEqual({ ok: false, message })
  })
})

test('every setting but a secret has a flag', () => {
  expect(configFlags['go-upstream']?.type).toBe('string')
  expect(configFlags.offline?.type).toBe('boolean')
  expect(configFlags['admin-token']).toBeUndefined()
})

test.each([
  [
    80,
    '  --listen VALUE  One two three four five six seven eight nine ten eleven twelve\n                  thirteen.\n',
  ],
  [
    40,
    '  --listen VALUE\n      One two three four five six seven\n      eight nine ten eleven twelve\n      thirteen.\n',
  ],
])('help lines end before column %d', (columns, text) => {
  const summary = 'One two three four five six seven eight nine ten eleven twelve thirteen.'
  expect(describeFlags({ listen: { type: 'string', summary } }, columns)).toBe(text)
})

test('help lines are aligned', () => {
  expect(describeFlags(specs)).toBe(
    '  --listen VALUE  Where.\n  --offline       No network.\n  -h, --help      This.\n',
  )
})
