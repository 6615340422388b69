import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Refusal, Resource } from '../ecosystem.ts'
import { privateRefusal, renderRefusal } from './refusals.ts'

const resource: Resource = {
  ecosystem: 'go',
  key: 'go/example.com/x/@v/v2.1.0.zip',
  sources: 'go',
  path: 'example.com/x/@v/v2.1.0.zip',
  kind: 'zip',
  name: 'example.com/x',
  mediaType: 'application/zip',
  shape: 'blob',
  maxBytes: 1,
  freshMs: Number.POSITIVE_INFINITY,
  missMs: 30_500,
}
const secret = { ...resource, name: 'corp.example/x' }
const isPrivate = (name: string) => name.startsWith('corp.example/')
const loud = { onOutage: 'error', isPrivate } as const
const soft = { onOutage: 'notFound', isPrivate } as const
const outage = { kind: 'upstream-failed', reason: 'goproxy.cn timed out' } as const
const noStore = 'no-store'

const table: readonly [what: string, Refusal, Resource, typeof loud | typeof soft, number, string][] = [
  ['a miss', { kind: 'not-found', reason: 'gone' }, resource, loud, 404, 'public, max-age=30'],
  ['a private miss', { kind: 'not-found', reason: 'gone' }, secret, soft, 404, 'public, max-age=30'],
  ['a denial', { kind: 'denied', status: 403, reason: 'no' }, resource, soft, 403, noStore],
  ['missing credentials', { kind: 'denied', status: 401, reason: 'who?' }, resource, loud, 401, noStore],
  ['an outage', outage, resource, loud, 502, noStore],
  ['an outage with a time', { ...outage, retryAfterMs: 1200 }, resource, loud, 503, noStore],
  ['a public outage, failing open', outage, resource, soft, 404, noStore],
  ['a private outage, failing open', outage, secret, soft, 502, noStore],
  ['a timed private outage', { ...outage, retryAfterMs: 0 }, secret, soft, 503, noStore],
  ['no sources', { kind: 'not-configured', reason: 'none', hint: 'set one' }, resource, soft, 503, noStore],
  ['a loop', { kind: 'loop', reason: 'ourselves', hint: 'change it' }, resource, soft, 508, noStore],
  ['a full disk', { kind: 'store-failed', reason: 'full', hint: 'make room' }, resource, soft, 503, noStore],
]

describe('refusals', () => {
  for (const [what, refusal, asked, rules, status, cacheControl] of table) {
    test(`${what} is a ${status}`, () => {
      const rendered = renderRefusal(refusal, asked, rules)
      expect(rendered.status).toBe(status)
      expect(rendered.headers['cache-control']).toBe(cacheControl)
      expect(rendered.headers['content-type']).toBe('text/plain; charset=utf-8')
    })
  }

  test('Retry-After is whole seconds, at least one', () => {
    const after = (retryAfterMs: number) =>
      renderRefusal({ ...outage, retryAfterMs }, resource, loud).headers['retry-after']
    expect([after(0), after(1200), after(2000)]).toEqual(['1', '2', '2'])
  })

  test('the first line has the cause and the fix, further lines follow', () => {
    const { body } = renderRefusal(
      {
        kind: 'denied',
        status: 403,
        reason: 'goproxy.cn said no:\nline two\r\n\n\tline three',
        hint: 'pay them',
      },
      resource,
      loud,
    )
    expect(body).toBe('goproxy.cn said no: pay them\nline two\n line three\n')
  })

  test('a missing major version suffix is named as the fix', () => {
    expect(renderRefusal({ kind: 'not-found', reason: 'no source has it' }, resource, loud).body).toBe(
      'no source has it: from v2 on the module path itself ends in the major version: try example.com/x/v2\n',
    )
    const suffixed = { ...resource, name: 'example.com/x/v2' }
    expect(renderRefusal({ kind: 'not-found', reason: 'no' }, suffixed, loud).body).toContain(
      'check the spelling',
    )
  })

  test('a private name is refused with the GOPRIVATE that helps', () => {
    const refusal = privateRefusal('corp.example/team/x', ['other.example', 'a.example,corp.example/*'])
    expect(renderRefusal(refusal, secret, soft)).toMatchObject({
      status: 403,
      body: 'corp.example/team/x is private here (go.private matches corp.example/*): set GOPRIVATE=corp.example/* so that go asks the version control itself\n',
    })
  })

  test('whatever the reason holds, cmd/go can show it', () => {
    const words = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 2000 }),
      fc.stringMatching(/^[a-zé\n\t]{0,2000}$/),
    )
    fc.assert(
      fc.property(words, words, (reason, hint) => {
        const { body } = renderRefusal({ kind: 'denied', status: 403, reason, hint }, resource, loud)
        expect(Buffer.byteLength(body)).toBeLessThanOrEqual(600)
        expect(body.split('\n').length).toBeLessThanOrEqual(9)
        expect(body.isWellFormed()).toBe(true)
        expect(body.replaceAll('\n', '')).not.toMatch(/\p{C}/u)
      }),
    )
  })
})
