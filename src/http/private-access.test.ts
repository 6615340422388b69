import { describe, expect, test } from 'bun:test'
import { refusePrivate, tokenOf } from './private-access.ts'

const basic = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`
const TOKEN = 'a-long-random-text'

function refused(peer: string, headers: Record<string, string>, tokens = [TOKEN]): number | undefined {
  const request = new Request('http://127.0.0.1/npm/@corp%2fx', { headers })
  const entrance = { peer: () => peer, isOwnName: (host: string) => host === 'npm.corp.example' }
  const refusal = refusePrivate(request, entrance, tokens, '@corp/x')
  return refusal?.kind === 'denied' ? refusal.status : undefined
}

describe('a private package', () => {
  test.each([
    ['127.0.0.1', {}, undefined],
    ['::1', {}, undefined],
    ['10.1.2.3', {}, 401],
    ['', {}, 401],
    ['10.1.2.3', { authorization: `Bearer ${TOKEN}` }, undefined],
    ['10.1.2.3', { authorization: basic(`anyone:${TOKEN}`) }, undefined],
    ['10.1.2.3', { authorization: basic(`${TOKEN}:`) }, 401],
    ['10.1.2.3', { authorization: `Bearer ${TOKEN}x` }, 401],
    ['127.0.0.1', { 'x-forwarded-for': '10.1.2.3' }, 401],
    ['127.0.0.1', { 'x-real-ip': '10.1.2.3' }, 401],
    ['127.0.0.1', { host: 'localhost:7678' }, undefined],
    ['127.0.0.1', { host: '[::1]:7678' }, undefined],
    ['127.0.0.1', { host: '192.168.1.5:7678' }, undefined],
    ['127.0.0.1', { host: 'npm.localhost' }, undefined],
    ['127.0.0.1', { host: 'laptop:7678' }, undefined],
    ['127.0.0.1', { host: 'NPM.corp.example:80' }, undefined],
    ['127.0.0.1', { host: 'page.example:7678' }, 403],
    ['127.0.0.1', { host: '127.0.0.1.page.example' }, 403],
    ['127.0.0.1', { host: 'page.example', authorization: `Bearer ${TOKEN}` }, undefined],
    ['127.0.0.1', { forwarded: 'for=10.1.2.3' }, 401],
    ['127.0.0.1', { 'x-forwarded-for': '10.1.2.3', authorization: `Bearer ${TOKEN}` }, undefined],
  ])('asked for by %s with %j: %p', (peer, headers, status) => {
    expect(refused(peer, headers)).toBe(status)
  })

  test('is for this machine alone while there is no token', () => {
    expect(refused('10.1.2.3', { authorization: 'Bearer ' }, [])).toBe(403)
    expect(refused('127.0.0.1', {}, [])).toBeUndefined()
  })
})

test.each([
  [null, undefined],
  ['Bearer abc', 'abc'],
  ['bearer   abc ', 'abc'],
  [basic('u:p:q'), 'p:q'],
  [basic('no colon'), undefined],
  ['Digest abc', undefined],
])('the secret in %p is %p', (header, secret) => {
  expect(tokenOf(header)).toBe(secret)
})
