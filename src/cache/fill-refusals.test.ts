import { expect, test } from 'bun:test'
import type { Resource } from '../ecosystems/ecosystem.ts'
import { refusalFor } from './fill-refusals.ts'

const resource: Resource = {
  ecosystem: 'go',
  key: 'go/a.example/m/@v/v1.0.0.info',
  sources: 'go',
  path: 'a.example/m/@v/v1.0.0.info',
  kind: 'info',
  name: 'a.example/m',
  mediaType: 'application/json',
  shape: 'metadata',
  maxBytes: 1000,
  freshMs: 1000,
  missMs: 1000,
}
const source = { id: 'mirror.example', clean: false }
const lacking = { kind: 'missing', source, status: 404, text: '' } as const

test.each([
  ['a.example/m/@v/v1.0.0.info', 'a.example/m', 'v1.0.0.info of a.example/m'],
  ['a.example/m/@latest', 'a.example/m', '@latest of a.example/m'],
  ['left-pad', 'left-pad', 'left-pad'],
  ['@scope%2fpad', '@scope/pad', '@scope/pad'],
  ['simple/pad/', 'pad', 'pad'],
])('a miss without words names what is missing, and where: %s', (path, name, what) => {
  expect(refusalFor(lacking, { ...resource, path, name }).refusal).toMatchObject({
    kind: 'not-found',
    reason: `mirror.example has no ${what}`,
  })
})

test('a denial says whom to ask', () => {
  const denied = { kind: 'denied', source, status: 403, text: 'not for you' } as const
  expect(refusalFor(denied, resource).refusal).toMatchObject({
    reason: 'not for you',
    hint: 'ask whoever runs mirror.example for access, or name another source in go.upstream',
  })
})

test.each([
  [{ kind: 'off' } as const, 'name a source in go.upstream'],
  [{ kind: 'direct' } as const, "with 'direct' in the client's own list"],
])('a list without sources says what to do: %p', (answer, hint) => {
  expect(refusalFor(answer, resource).refusal).toMatchObject({ hint: expect.stringContaining(hint) })
})

test('an outage of one source does not hide what another said', () => {
  const failure = { code: 'dns', message: 'no address for sums.example' } as const
  const lacking = [{ id: 'relay.example', text: 'not found: unknown revision\nmore' }]
  expect(refusalFor({ kind: 'failed', failure, lacking }, resource).refusal).toMatchObject({
    kind: 'upstream-failed',
    reason:
      'relay.example has no v1.0.0.info of a.example/m (not found: unknown revision); no address for sums.example',
  })
})
