import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { ScriptedUpstream } from '../cache/testing/scripted-upstream.ts'
import { loadConfig } from '../config/load-config.ts'
import { createNoteSigner } from '../ecosystems/go/sumdb/note-signer.ts'
import { openLocalStore } from '../store/local/local-store.ts'
import type { Store } from '../store/store.ts'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { type GoRoom, goRoom } from './go-room.ts'

const NAME = 'sumdb.example'
const KEY = createNoteSigner(NAME, new Uint8Array(32).fill(3)).key

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let store: Store
let upstream: ScriptedUpstream
beforeEach(async () => {
  folder = await temporaryFolder()
  store = await openLocalStore({ dataDir: folder.path, maxBytes: 1024 * 1024 * 1024 })
  upstream = new ScriptedUpstream()
})
afterEach(async () => {
  await store.close()
  await folder[Symbol.asyncDispose]()
})

async function room(settings: Record<string, string> = {}): Promise<GoRoom> {
  const loaded = await loadConfig({
    env: { POSTHASTE_GO_UPSTREAM: 'https://a.example', POSTHASTE_GO_SUMDB: 'off', ...settings },
    cwd: '/nowhere',
    home: '/nowhere',
    readFile: async () => undefined,
  })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  return goRoom(loaded.config, loaded.origins, {
    store,
    upstream,
    checkZip: () => Promise.reject(new Error('no zip is looked at here')),
    databaseNames: [],
    now: () => 1,
    onSecurity: () => undefined,
    onTrouble: () => undefined,
  })
}

function kindOf({ ecosystem }: GoRoom, path: string): string {
  const asked = ecosystem.parse(path)
  return asked.kind === 'resource' ? asked.resource.kind : `${asked.answer.status}`
}

describe('private names', () => {
  const settings = { POSTHASTE_GO_PRIVATE: '*.corp.example,git.example/team' }

  test.each([
    ['git.corp.example/x', true],
    ['git.example/team/x/v2', true],
    ['git.example/other', false],
    ['corp.example.org/x', false],
  ])('%s: %p', async (name, isPrivate) => {
    const refusal = (await room(settings)).gate(name)
    expect(refusal !== undefined).toBe(isPrivate)
    if (isPrivate) expect(refusal).toMatchObject({ kind: 'denied', status: 403 })
  })

  test('without patterns nothing is private', async () => {
    expect((await room()).gate('git.corp.example/x')).toBeUndefined()
  })

  test('what a public go.mod requires of them is refused by the gate, should anybody foresee it', async () => {
    const go = await room(settings)
    const asked = go.ecosystem.parse('/a.example/m/@v/v1.0.0.mod')
    if (asked.kind !== 'resource') throw new Error('it should be a resource')
    const body = new TextEncoder().encode('module a.example/m\ngo 1.21\nrequire git.corp.example/x v1.0.0\n')
    const names = [...(go.ecosystem.foresight?.arrived(asked.resource, body, true) ?? [])].map(
      ({ resource }) => resource.name,
    )
    expect(names.filter((name) => go.gate(name) === undefined)).toEqual([])
    expect(upstream.requests).toEqual([])
  })
})

describe('the checksum database', () => {
  test('that is off is not served and has no name', async () => {
    const go = await room()
    expect([go.database, kindOf(go, `/sumdb/${NAME}/latest`)]).toEqual([undefined, '404'])
  })

  test('that is set is served under its name only', async () => {
    const go = await room({ POSTHASTE_GO_SUMDB: KEY })
    expect(go.database).toBe(NAME)
    expect(kindOf(go, `/sumdb/${NAME}/latest`)).toBe('tree-head')
    expect(kindOf(go, '/sumdb/other.example/latest')).toBe('404')
    expect(Object.keys(go.lists)).toEqual(['go', 'go-sumdb'])
  })

  test.each([
    ['of which no key is known', 'unknown.example', 'is no database whose key is known'],
    ['whose key hash has a slip', KEY.replace(/\+[0-9a-f]{8}\+/, '+00000000+'), 'does not fit the name'],
  ])('%s forbids everything, and is no silent "off"', async (_, setting, reason) => {
    const go = await room({ POSTHASTE_GO_SUMDB: setting })
    expect(go.gate('a.example/m')).toMatchObject({
      kind: 'not-configured',
      reason: expect.stringContaining(reason),
    })
    expect(JSON.stringify(go.told)).toContain(reason)
  })

  test('is not asked about names that are not listed there', async () => {
    const go = await room({ POSTHASTE_GO_SUMDB: KEY, POSTHASTE_GO_NOSUMDB: 'a.example/unlisted' })
    expect(kindOf(go, `/sumdb/${NAME}/lookup/a.example/unlisted@v1.0.0`)).toBe('403')
    expect(kindOf(go, `/sumdb/${NAME}/lookup/a.example/listed@v1.0.0`)).toBe('lookup')
  })
})

test('a list of sources that cannot be read is told, and is no list that ends in off', async () => {
  const go = await room({ POSTHASTE_GO_UPSTREAM: 'https://a.example,word' })
  expect(go.lists).toEqual({})
  expect(JSON.stringify(go.told)).toContain('it has no scheme')
})

test('nothing is asked and nothing is written by putting it together', async () => {
  await room({ POSTHASTE_GO_SUMDB: KEY })
  expect([upstream.requests, store.stats().objects]).toEqual([[], 0])
})
