import { expect, test } from 'bun:test'
import { cut, LiveScreen } from './live-screen.ts'

test('a long line is cut at the width, colours not counted, and ends without colour', () => {
  expect(cut('abc', 3)).toBe('abc')
  expect(cut('abcd', 3)).toBe('ab…\x1b[0m')
  expect(cut('\x1b[32mab\x1b[0mc', 3)).toBe('\x1b[32mab\x1b[0mc')
  expect(cut('\x1b[32mabcdef', 3)).toBe('\x1b[32mab…\x1b[0m')
})

test('each drawing takes the place of the one before', () => {
  let written = ''
  const screen = new LiveScreen({ write: (text: string) => (written += text), columns: 10 })
  screen.draw(['one', 'two'])
  screen.draw(['three'])
  screen.clear()
  expect(written).toBe('one\ntwo\n\x1b[2A\r\x1b[Jthree\n\x1b[1A\r\x1b[J')
})
