import { beforeEach, describe, expect, test } from 'bun:test'
import { ScriptedUpstream } from '../cache/testing/scripted-upstream.ts'
import type { Ecosystem, Forward } from '../ecosystems/ecosystem.ts'
import type { Sent } from '../upstream/upstream.ts'
import { Forwarding } from './forwarding.ts'
import type { RelayedRequest } from './replies.ts'
import { RequestBodies } from './request-bodies.ts'

const text = (words: string) => new TextEncoder().encode(words)

const ecosystem: Ecosystem = {
  id: 'npm',
  parse: () => ({ kind: 'answer', answer: { status: 404, headers: {}, body: '' } }),
  refuse: (refusal) => ({
    status: refusal.kind === 'denied' ? refusal.status : 502,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ error: refusal.reason }),
  }),
}

const answered = (body: string, more: Partial<Extract<Sent, { kind: 'answered' }>> = {}): Sent => ({
  kind: 'answered',
  status: 200,
  headers: { 'content-type': 'application/json', 'set-cookie': 'a=b', 'npm-notice': 'hello' },
  body: text(body),
  source: 'origin.example',
  ...more,
})

const forward = (more: Partial<Forward> = {}): Forward => ({
  ecosystem: 'npm',
  name: 'audit',
  sources: 'npm',
  path: '-/npm/v1/security/advisories/bulk',
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  maxRequestBytes: 100,
  maxBytes: 1_000,
  accepts: ['application/json'],
  freshMs: 0,
  ...more,
})

let upstream: ScriptedUpstream
let reports: RelayedRequest[]
let nowMs: number
let forwarding: Forwarding
beforeEach(() => {
  upstream = new ScriptedUpstream()
  reports = []
  nowMs = 1_800_000_000_000
  forwarding = new Forwarding({ upstream, report: (relayed) => reports.push(relayed), now: () => nowMs })
})

function pass(asked: Forward, body: string | undefined = '{"left-pad":["1.0.0"]}'): Promise<Response> {
  const request = new Request('http://127.0.0.1/npm/x', {
    method: asked.method,
    ...(body === undefined || asked.method === 'GET' ? {} : { body }),
  })
  return forwarding.pass(ecosystem, asked, request, nowMs)
}

describe('a request that is passed on', () => {
  test('takes its body along, and the answer comes back without what is not for clients', async () => {
    upstream.answers.push(answered('{}'))
    const response = await pass(forward())
    expect([response.status, await response.text()]).toEqual([200, '{}'])
    expect(Object.fromEntries(response.headers)).toEqual({
      'cache-control': 'no-store',
      'content-type': 'application/json',
      'npm-notice': 'hello',
    })
    const [sent] = upstream.sent
    expect(Buffer.from(sent?.body ?? []).toString()).toBe('{"left-pad":["1.0.0"]}')
    expect(reports).toMatchObject([{ outcome: 'forwarded', status: 200, source: 'origin.example' }])
  })

  test('keeps the status of its answer', async () => {
    upstream.answers.push(answered('{"error":"wrong password"}', { status: 401 }))
    expect((await pass(forward())).status).toBe(401)
  })

  test('may be rewritten, or answered in its place', async () => {
    upstream.answers.push(answered('{}'))
    await pass(forward({ rewrite: () => ({ body: text('{}') }) }))
    expect(Buffer.from(upstream.sent[0]?.body ?? []).toString()).toBe('{}')
    const answer = { status: 200, headers: {}, body: 'here' }
    const response = await pass(forward({ rewrite: () => ({ answer }) }))
    expect([await response.text(), upstream.sent.length]).toEqual(['here', 1])
  })

  test('with a body beyond its bound is refused', async () => {
    const response = await pass(forward({ maxRequestBytes: 3 }))
    expect([response.status, upstream.sent.length]).toEqual([400, 0])
  })

  test('that stops on its way, or comes while too much is on its way, is refused', async () => {
    const bodies = new RequestBodies({ stallMs: 10, maxHeldBytes: 0 })
    forwarding = new Forwarding({ upstream, report: () => undefined, bodies })
    const asked = forward({ maxRequestBytes: 10_000_000 })
    const busy = await pass(asked, 'x'.repeat(2_000_000))
    expect([busy.status, await busy.text()]).toEqual([
      502,
      expect.stringContaining('too many large requests'),
    ])
    const body = new ReadableStream({ start: (controller) => controller.enqueue(text('{')) })
    const request = new Request('http://127.0.0.1/npm/x', { method: 'POST', body })
    const stalled = await forwarding.pass(ecosystem, asked, request, nowMs)
    expect([stalled.status, upstream.sent.length]).toEqual([400, 0])
    expect(bodies.heldBytes).toBe(0)
  })

  test('whose answer has a status that is none failed', async () => {
    upstream.answers.push(answered('{}', { status: 999 }))
    expect((await pass(forward())).status).toBe(502)
  })

  test('takes JSON for JSON in capitals too', async () => {
    upstream.answers.push(answered('{}', { headers: { 'content-type': 'Application/JSON; charset=UTF-8' } }))
    expect((await pass(forward())).status).toBe(200)
  })

  test('whose answer is a web page failed', async () => {
    upstream.answers.push(answered('<html>', { headers: { 'content-type': 'text/html' } }))
    const response = await pass(forward())
    expect([response.status, await response.text()]).toEqual([
      502,
      '{"error":"origin.example answered with text/html, not application/json"}',
    ])
  })

  test('whose answer is reshaped comes back without validators of other bytes', async () => {
    const headers = { 'content-type': 'application/json', etag: '"1"', 'last-modified': 'then' }
    const reshape = (body: Uint8Array) => text(`${Buffer.from(body)}!`)
    upstream.answers.push(answered('{}', { headers }), answered('{}', { headers, status: 400 }))
    const response = await pass(forward({ reshape }))
    expect(await response.text()).toBe('{}!')
    expect([response.headers.get('etag'), response.headers.get('last-modified')]).toEqual([null, null])
    const failed = await pass(forward({ reshape }))
    expect([failed.status, await failed.text(), failed.headers.get('etag')]).toEqual([400, '{}', '"1"'])
  })

  test('whose answer cannot be read failed, and is not given again', async () => {
    const reshape = () => {
      throw new Error('it is no JSON')
    }
    upstream.answers.push(answered('x'), answered('{}'))
    const response = await pass(forward({ reshape, freshMs: 1_000 }))
    expect([response.status, await response.text()]).toEqual([
      502,
      '{"error":"origin.example sent an answer for audit that cannot be used: it is no JSON"}',
    ])
    expect(await (await pass(forward({ freshMs: 1_000 }))).text()).toBe('{}')
  })

  test('tells when it was taken, and not when it was refused', async () => {
    let taken = 0
    const counting = forward({ taken: () => void taken++ })
    upstream.answers.push(answered('{}', { status: 201 }), answered('{}', { status: 403 }))
    await pass(counting)
    await pass(counting)
    expect(taken).toBe(1)
  })

  test('that reaches nobody failed, in the form of its client', async () => {
    upstream.answers.push({ kind: 'failed', failure: { code: 'connect', message: 'origin.example is down' } })
    const response = await pass(forward())
    expect([response.status, await response.text()]).toEqual([502, '{"error":"origin.example is down"}'])
    expect(reports).toMatchObject([{ outcome: 'upstream-failed', reason: 'origin.example is down' }])
  })
})

describe('an answer that may be given again', () => {
  test('is, for the same request and so long', async () => {
    upstream.answers.push(answered('{"one":1}'))
    const asked = forward({ freshMs: 1_000 })
    await pass(asked)
    expect(await (await pass(asked)).text()).toBe('{"one":1}')
    await pass(asked, '{"other":["1.0.0"]}')
    expect(upstream.sent.map(({ safe }) => safe)).toEqual([true, true])
    nowMs += 1_000
    await pass(asked)
    expect(upstream.sent).toHaveLength(3)
  })

  test('is not when it was an error, or private', async () => {
    upstream.answers.push(answered('{}', { status: 500 }))
    await pass(forward({ freshMs: 1_000 }))
    await pass(forward({ freshMs: 1_000 }))
    await pass(forward({ freshMs: 1_000, isPrivate: true }))
    await pass(forward({ freshMs: 1_000, isPrivate: true }))
    expect(upstream.sent).toHaveLength(4)
  })
})
