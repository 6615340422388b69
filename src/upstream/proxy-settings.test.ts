import { describe, expect, test } from 'bun:test'
import { proxyFor } from './proxy-settings.ts'

const proxy = 'http://proxy.example:3128'
const hostOf = (url: string, env: Record<string, string>) => proxyFor(new URL(url), env)?.host

describe('which proxy', () => {
  test.each([
    ['https://m.example', { HTTPS_PROXY: proxy }, 'proxy.example'],
    ['https://m.example', { https_proxy: proxy }, 'proxy.example'],
    ['https://m.example', { HTTPS_PROXY: 'a.example', https_proxy: 'b.example' }, 'a.example'],
    ['https://m.example', { HTTP_PROXY: proxy }, undefined],
    ['http://m.example', { HTTP_PROXY: proxy }, 'proxy.example'],
    ['http://m.example', { HTTPS_PROXY: proxy }, undefined],
    ['http://m.example', { ALL_PROXY: proxy }, 'proxy.example'],
    ['https://m.example', { all_proxy: proxy, HTTPS_PROXY: 'a.example' }, 'a.example'],
    ['https://m.example', { HTTPS_PROXY: ' ' }, undefined],
    ['http://localhost:8080', { HTTP_PROXY: proxy }, undefined],
    ['http://127.9.9.9', { HTTP_PROXY: proxy }, undefined],
    ['http://[::1]', { HTTP_PROXY: proxy }, undefined],
    ['http://10.0.0.1', { HTTP_PROXY: proxy }, 'proxy.example'],
  ])('%s with %j goes by %s', (url, env, host) => {
    expect(hostOf(url, env as unknown as Record<string, string>)).toBe(host as string)
  })

  test('is read with scheme, port and credentials', () => {
    expect(proxyFor(new URL('https://m.example'), { HTTPS_PROXY: 'me:a%3Ab@h.example:1' })).toEqual({
      scheme: 'http',
      host: 'h.example',
      port: 1,
      credentials: { user: 'me', password: 'a:b' },
      foundIn: 'HTTPS_PROXY',
    })
    const ports = ['http://h', 'https://h', 'socks5://h', 'socks5h://[::2]'].map(
      (text) => proxyFor(new URL('https://m.example'), { ALL_PROXY: text })?.port,
    )
    expect(ports).toEqual([80, 443, 1080, 1080])
  })
})

describe('NO_PROXY', () => {
  test.each([
    ['m.example', 'https://m.example', true],
    ['m.example', 'https://a.m.example', true],
    ['m.example', 'https://am.example', false],
    ['M.Example', 'https://m.example', true],
    ['.m.example', 'https://m.example', false],
    ['.m.example', 'https://a.m.example', true],
    ['*.m.example', 'https://a.m.example', true],
    ['*.m.example', 'https://m.example', false],
    ['*', 'https://m.example', true],
    ['m.example:443', 'https://m.example', true],
    ['m.example:8443', 'https://m.example', false],
    ['m.example:8443', 'https://m.example:8443', true],
    ['a.example, m.example', 'https://m.example', true],
    ['a.example m.example', 'https://m.example', true],
    ['10.0.0.1', 'https://10.0.0.1', true],
    ['10.0.0.1', 'https://10.0.0.10', false],
    ['10.0.0.0/8', 'https://10.9.9.9', true],
    ['10.0.0.0/8', 'https://11.0.0.1', false],
    ['10.0.0.0/8', 'https://m.example', false],
    ['10.0.0.1:443', 'https://10.0.0.1', true],
    ['2001:db8::1', 'https://[2001:db8::1]', true],
    ['[2001:db8::1]:443', 'https://[2001:db8::1]', true],
    ['2001:db8::/32', 'https://[2001:db8::9]', true],
    ['not/a/range', 'https://m.example', false],
    ['', 'https://m.example', false],
  ])('%s and %s: exempt is %p', (noProxy, url, exempt) => {
    expect(hostOf(url, { HTTPS_PROXY: proxy, NO_PROXY: noProxy }) === undefined).toBe(exempt)
    expect(hostOf(url, { HTTPS_PROXY: proxy, no_proxy: noProxy }) === undefined).toBe(exempt)
  })
})
