import { expect, test } from 'bun:test'
import { netrcAuthorization, parseNetrc } from './netrc.ts'

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`

test('a netrc gives each machine its own login, and the default to the rest', () => {
  const entries = parseNetrc(`
# comment
machine a.example login me password p1
machine B.example
  login you
  account x
  password p2
macdef init
machine evil login no password no

default login any password p3
`)
  expect(netrcAuthorization(entries, 'a.example')).toBe(basic('me:p1'))
  expect(netrcAuthorization(entries, 'b.example')).toBe(basic('you:p2'))
  expect(netrcAuthorization(entries, 'evil')).toBe(basic('any:p3'))
})

test('without an entry there are no credentials', () => {
  expect(netrcAuthorization(parseNetrc('machine a login b password c'), 'z.example')).toBeUndefined()
})
