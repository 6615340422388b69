import { describe, expect, test } from 'bun:test'
import { reportOf } from './report.ts'
import type { Target } from './target.ts'
import type { Finding } from './verdict.ts'

const url = new URL('https://sum.example/')
const database: Target = { url, role: 'database', ecosystem: 'go', foundIn: 'go env (default)' }

function fixOf(finding: Partial<Finding>, target: Partial<Target> = {}, language: 'en' | 'zh' = 'en') {
  const found: Finding = {
    id: 'tls.reset',
    target: 'sum.example:443',
    confidence: 'likely',
    evidence: [],
    control: undefined,
    params: { host: 'sum.example', count: 3, of: 3 },
    ...finding,
  }
  const diagnosis = { findings: [found], evidence: [], targets: [{ ...database, ...target }] }
  return reportOf({ ...diagnosis, tookMs: 1, complete: true }, language).verdicts[0]
}

describe('a checksum database out of reach', () => {
  const alias = '$ go env -w GOSUMDB=sum.golang.google.cn'

  test('has another address, when it is the one that Go has built in', () => {
    expect(fixOf({})?.fix).toContain(alias)
    expect(fixOf({ id: 'dns.nxdomain', target: 'sum.example' })?.fix).toContain(alias)
  })

  test("has none when it is a company's own, answers, or is no database", () => {
    expect(fixOf({}, { foundIn: 'go env' })?.fix).not.toContain(alias)
    expect(fixOf({ id: 'cert.expired' })?.fix).not.toContain(alias)
    expect(fixOf({}, { role: 'source' })?.fix).not.toContain(alias)
  })
})

test('a place of a setting is said in the language, and a command names the setting alone', () => {
  const dead = {
    id: 'proxy.dead',
    target: 'p.example:1',
    params: {
      proxy: 'p.example:1',
      foundIn: 'proxy in ~/.npmrc:2',
      places: 'proxy in ~/.npmrc:2 + HTTPS_PROXY',
      reason: 'refused',
    },
  } as const
  const verdict = fixOf(dead, {}, 'zh')
  expect(verdict?.title).toContain('~/.npmrc:2 中的 proxy + HTTPS_PROXY')
  expect(verdict?.fix).toEndWith('$ npm config delete proxy')
  const cargo = { ...dead, params: { ...dead.params, foundIn: 'http.proxy in ~/.cargo/config.toml:2' } }
  expect(fixOf(cargo)?.fix).toEndWith('remove it where it is set.')
})
