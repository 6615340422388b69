import { expect, test } from 'bun:test'
import { terminalWatch } from './terminal-gone.ts'

test.each([
  ['the terminal was closed', true, [true, false], true],
  ['the terminal is there', true, [true, true], false],
  ['there was none', true, [false, false], false],
  ['the output goes to a file', false, [true, false], false],
] as const)('%s', (_name, isShown, reachable, gone) => {
  const answers = [...reachable]
  const isGone = terminalWatch(isShown, () => (answers.length > 1 ? answers.shift() : answers[0]) === true)
  if (!isShown) answers.shift()
  expect(isGone()).toBe(gone)
})
