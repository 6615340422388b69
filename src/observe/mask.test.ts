import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { mask, maskOf } from './mask.ts'

describe('mask', () => {
  test.each([
    ['https://user:pa55@proxy.example/x', 'https://***@proxy.example/x'],
    ['https://token@proxy.example', 'https://***@proxy.example'],
    ['https://a:b@c@proxy.example/x@v1', 'https://***@proxy.example/x@v1'],
    ['a https://u:p@x.example,https://u:p@y.example b', 'a https://***@x.example,https://***@y.example b'],
    ['socks5://u:p@[::1]:1080', 'socks5://***@[::1]:1080'],
    ['/x?token=abc&y=1', '/x?token=***&y=1'],
    ['/x?y=1&access_token=abc#z', '/x?y=1&access_token=***#z'],
    ['/x?X-Amz-Signature=abc&X-Amz-Credential=d%2Fe', '/x?X-Amz-Signature=***&X-Amz-Credential=***'],
    ['/x?api_key=1&key=2&sig=3', '/x?api_key=***&key=***&sig=***'],
    ['//registry.example/:_authToken=npm_abc', '//registry.example/:_authToken=***'],
    ['Authorization: Bearer abc', 'Authorization: ***'],
    ['authorization: Basic dXNlcjpwYXNz and more', 'authorization: ***'],
    ['Proxy-Authorization=Basic dXNlcjpwYXNz', 'Proxy-Authorization=***'],
    ['Set-Cookie: sid=1; Path=/', 'Set-Cookie: ***'],
    ['X-Auth-Token: abc', 'X-Auth-Token: ***'],
    ['sent bearer abcdefgh.ijk', 'sent bearer ***'],
    ['sent basic dXNlcjpwYXNz', 'sent basic ***'],
    ['sent Basic dXNlcjpwYXNz', 'sent Basic ***'],
    ['{"authorization":"Bearer x","a":1}', '{"authorization":"***","a":1}'],
    ['{"token":"x y","a":1}', '{"token":"***","a":1}'],
    ['password = hunter2', 'password = ***'],
  ])('%j → %j', (text, expected) => {
    expect(mask(text)).toBe(expected)
  })

  test.each([
    '/go/golang.org/x/text/@v/v0.3.0.zip',
    'https://goproxy.cn/golang.org/x/text/@v/list',
    'https://goproxy.cn/x@v1?go-get=1',
    'github.com/!azure/keyvault/@latest',
    'basic authentication is not supported here',
    'monkey=1&keys=2&author=me&design=3',
    'the token is missing',
  ])('leaves %j alone', (text) => {
    expect(mask(text)).toBe(text)
  })

  test.each(['token', 'a', 'x-', 'basic ', 'bearer ', '"key', 'a://', ':_auth', 'cookie ', "'token"])(
    'is done soon with a megabyte of %j',
    (unit) => {
      const text = `=://${unit.repeat(1_000_000 / unit.length)}`
      expect(mask(text).length).toBeGreaterThan(0)
    },
  )

  test('property: the password of an address never shows', () => {
    const word = fc.stringMatching(/^[A-Za-z0-9!$&'()*+,;=:@._~%-]{1,20}$/)
    fc.assert(
      fc.property(word, word, (user, password) => {
        const secret = `Zq${password.replaceAll(/["']/g, '')}qZ`
        expect(mask(`GET https://${user.replaceAll("'", '')}:${secret}@h.example/p`)).not.toContain(secret)
      }),
    )
  })
})

test('maskOf hides known values wherever they stand, longest first', () => {
  const hide = maskOf(['hunter2', 'hunter2-long', 'a/b+c', 'x', ''])
  expect(hide('said hunter2-long, hunter2, a/b+c, a%2Fb%2Bc and x')).toBe('said ***, ***, ***, *** and x')
  expect(hide('https://u:p@x.example')).toBe('https://***@x.example')
})
