import { expect, test } from 'bun:test'
import { whereItIsSet } from './where-it-is-set.ts'

const set = (foundIn: string) => whereItIsSet(`$ export ${foundIn}=http://p.example:1`, foundIn)
const unset = (foundIn: string) => whereItIsSet(`$ unset ${foundIn}`, foundIn)

test.each([
  ['HTTPS_PROXY', '$ export HTTPS_PROXY=http://p.example:1', '$ unset HTTPS_PROXY'],
  ['HTTPS_PROXY, set in ~/.bashrc:3', '$ export HTTPS_PROXY=http://p.example:1', '$ unset HTTPS_PROXY'],
  ['proxy in ~/.npmrc:2', '$ npm config set proxy http://p.example:1', '$ npm config delete proxy'],
  [
    'https-proxy in /a b/.npmrc:2',
    '$ npm config --location=project set https-proxy http://p.example:1',
    '$ npm config --location=project delete https-proxy',
  ],
  [
    'global.proxy in ~/.config/pip/pip.conf:2',
    '$ pip config --user set global.proxy http://p.example:1',
    '$ pip config --user unset global.proxy',
  ],
  [
    'httpsProxy in ~/.yarnrc.yml:1',
    '$ yarn config set -H httpsProxy http://p.example:1',
    '$ yarn config unset -H httpsProxy',
  ],
  [
    'http.proxy in ~/.gitconfig:4',
    '$ git config --global http.proxy http://p.example:1',
    '$ git config --global --unset http.proxy',
  ],
  ['http.proxy in ~/.cargo/config.toml:2', '', ''],
  ['<proxy> in ~/.m2/settings.xml:9', '', ''],
])('what %p holds is changed there', (foundIn, setting, removing) => {
  expect(set(foundIn)).toBe(setting)
  expect(unset(foundIn)).toBe(removing)
})

test("a value of Go's own file is set by go, one of the environment in the shell", () => {
  expect(whereItIsSet('$ go env -w GOSUMDB=x', 'go env')).toBe('$ go env -w GOSUMDB=x')
  expect(whereItIsSet('$ go env -w GOSUMDB=x', 'environment')).toBe('$ export GOSUMDB=x')
  expect(whereItIsSet('$ go env -u GOSUMDB', 'environment')).toBe('$ unset GOSUMDB')
})

test('other lines stay', () => {
  expect(whereItIsSet('Start the proxy', 'proxy in ~/.npmrc:2')).toBe('Start the proxy')
  expect(whereItIsSet('$ posthaste mirrors', '<proxy> in ~/.m2/settings.xml:9')).toBe('$ posthaste mirrors')
})
