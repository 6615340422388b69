import { expect, test } from 'bun:test'
import { verdictIds } from '../verdict.ts'
import { en } from './en/en.ts'
import { uiKeys } from './texts.ts'
import { zh } from './zh/zh.ts'

/** All texts by path: `verdicts.tls.reset.title`. */
function flat(value: object, path = ''): [string, string][] {
  return Object.entries(value).flatMap(([key, inner]): [string, string][] =>
    typeof inner === 'string' ? [[`${path}${key}`, inner]] : flat(inner, `${path}${key}.`),
  )
}

const english = new Map(flat(en))
const chinese = new Map(flat(zh))

test('both languages have the same keys', () => {
  expect([...chinese.keys()].sort()).toEqual([...english.keys()].sort())
})

test('no text is empty, and every verdict has one', () => {
  for (const texts of [english, chinese]) for (const text of texts.values()) expect(text.trim()).not.toBe('')
  expect(Object.keys(en.verdicts)).toEqual([...verdictIds])
  expect(Object.keys(en.ui).sort()).toEqual([...uiKeys].sort())
})

test.each([...english].map(([key, text]) => [key, text] as const))(
  '%s has the same parameters in both',
  (key, text) => {
    const parameters = (words: string) => [...new Set(words.match(/\{\w+\}/g) ?? [])].sort()
    expect(parameters(chinese.get(key) ?? '')).toEqual(parameters(text))
  },
)

test('what can be copied is the same in both', () => {
  for (const [key, text] of english) {
    const commands = (words: string) => words.split('\n').filter((line) => line.startsWith('$ '))
    const bare = (line: string) => line.replace(/\s+#.*$/, '')
    expect(commands(chinese.get(key) ?? '').map(bare)).toEqual(commands(text).map(bare))
  }
})

test('no fix switches verification off', () => {
  const forbidden =
    /strict-ssl[ =]false|NODE_TLS_REJECT_UNAUTHORIZED|GOINSECURE|trusted-host|GOSUMDB=off|--insecure/i
  for (const texts of [english, chinese])
    for (const text of texts.values()) expect(text).not.toMatch(forbidden)
})
