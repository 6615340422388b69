import { expect, test } from 'bun:test'
import { hanging } from './setup-hanging.ts'

test('lines end between words, and go on under the text', () => {
  const text = 'it goes to https://registry.example.example.example/a/long/path/ now'
  expect(hanging('  \u001b[31m✗\u001b[0m ', text, 40)).toBe(
    [
      '  \u001b[31m✗\u001b[0m it goes to',
      '    https://registry.example.example.example/a/long/path/',
      '    now',
    ].join('\n'),
  )
})

test('off a terminal, and on one without room, nothing is wrapped', () => {
  const text = 'word '.repeat(40)
  expect(hanging('  ', text, undefined)).toBe(`  ${text}`)
  expect(hanging('  ', text, 39)).toBe(`  ${text}`)
})
