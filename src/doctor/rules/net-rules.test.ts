import { describe, expect, test } from 'bun:test'
import type { Evidence, ExchangeFact } from '../evidence.ts'
import { Seen } from '../seen.ts'
import { netRules } from './net-rules.ts'

const common = { target: 'portal.example:80', atMs: 0, tookMs: 1 }

function portal(fact: Partial<ExchangeFact>): Evidence {
  return {
    ...common,
    id: 'e1',
    probe: 'http',
    outcome: 'answer',
    purpose: 'portal',
    host: 'portal.example',
    url: 'http://portal.example/generate_204',
    bodyBytes: 0,
    isHtml: false,
    ...fact,
  }
}

function isCaught(...evidence: readonly Evidence[]): boolean {
  const rule = netRules.find(({ id }) => id === 'captive.portal')
  return (rule?.find(new Seen(evidence, []), { allowPrivate: [], catalogues: {} }) ?? []).length > 0
}

describe('a login page of the network is', () => {
  test.each<[string, Partial<ExchangeFact>, boolean]>([
    ['a redirect', { status: 302 }, true],
    ['status 511', { status: 511 }, true],
    ['a page in place of nothing', { status: 200, isHtml: true }, true],
    ['not the answer of an open network', { status: 204 }, false],
    ['no page that refuses', { status: 403, isHtml: true }, false],
    ['no page that is not there', { status: 404, isHtml: true }, false],
    ['no server that fails', { status: 502, isHtml: true }, false],
  ])('%s', (_, fact, caught) => {
    expect(isCaught(portal(fact))).toBe(caught)
  })

  test('nothing that a proxy says', () => {
    const choice: Evidence = {
      ...common,
      id: 'e0',
      probe: 'proxy.choice',
      outcome: 'proxy',
      url: 'http://portal.example',
      proxy: 'proxy.example:3128',
    }
    expect(isCaught(choice, portal({ status: 302 }))).toBe(false)
    expect(isCaught({ ...choice, outcome: 'direct' }, portal({ status: 302 }))).toBe(true)
  })
})
