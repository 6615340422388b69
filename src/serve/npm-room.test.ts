import { describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import type { Kept, Refused } from '../cache/outcome.ts'
import { loadConfig } from '../config/load-config.ts'
import type { Asking, Refusal, Resource } from '../ecosystems/ecosystem.ts'
import { npmTransforms } from '../ecosystems/npm/npm-transforms.ts'
import type { ScopeRegistry } from '../sources/npm-lists.ts'
import { type NpmRoomPorts, npmRoom } from './npm-room.ts'

const { signal } = new AbortController()
const settings = { POSTHASTE_NPM_UPSTREAM: 'https://a.example,https://b.example/npm' }
const scopes: readonly ScopeRegistry[] = [
  { scope: '@team', url: 'https://team.example', foundIn: 'npm config' },
  { scope: '@open', url: 'https://b.example/npm', foundIn: 'npm config' },
]

/** An engine whose sources and store are two maps, by key. */
class Engine implements NpmRoomPorts {
  readonly source = new Map<string, string>()
  readonly kept = new Map<string, { text: string; checkedAtMs: number }>()
  readonly asked: string[] = []
  nowMs = 1_000_000
  outage: Refusal | undefined
  readonly scopes = scopes

  now = () => this.nowMs
  check = () => Promise.reject(new Error('nothing is judged here'))

  async ask(resource: Resource): Promise<Kept | Refused> {
    const kept = this.kept.get(resource.key)
    return kept === undefined
      ? this.refresh(resource)
      : { kind: 'hit', object: objectOf(resource, kept), ageMs: 0 }
  }

  async refresh(resource: Resource): Promise<Kept | Refused> {
    this.asked.push(resource.key)
    const text = this.source.get(resource.key)
    const refusal: Refusal | undefined =
      this.outage ?? (text === undefined ? { kind: 'not-found', reason: 'none' } : undefined)
    if (refusal !== undefined) return { kind: 'refused', refusal, remembered: false }
    const kept = { text: text ?? '', checkedAtMs: this.nowMs }
    this.kept.set(resource.key, kept)
    return { kind: 'filled', object: objectOf(resource, kept), joined: false, stored: true }
  }

  async view(view: Parameters<NpmRoomPorts['view']>[0]): ReturnType<NpmRoomPorts['view']> {
    const of = await this.ask(view.of)
    if (of.kind === 'refused') return of
    const { body } = of.object
    const run = npmTransforms[view.transform.name]
    if (body.kind !== 'bytes' || run === undefined) throw new Error('no such view')
    const bytes = Buffer.concat([
      ...run({ body: body.bytes, beside: undefined, params: view.transform.params }),
    ])
    return { kind: 'made', body: { kind: 'bytes', bytes }, sha256: '', of }
  }
}

function objectOf(
  { key, mediaType }: Resource,
  { text, checkedAtMs }: { text: string; checkedAtMs: number },
) {
  const bytes = Buffer.from(text)
  const meta = { mediaType, source: 'a.example', proof: 'sound', checkedAtMs } as const
  return { key, sha256: '', sizeBytes: bytes.length, meta, body: { kind: 'bytes', bytes } } as const
}

async function config(env: Record<string, string> = {}) {
  const loaded = await loadConfig({
    env: { ...settings, ...env },
    cwd: '/nowhere',
    home: '/nowhere',
    readFile: async () => undefined,
  })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  return loaded.config
}

async function room(env: Record<string, string> = {}, engine = new Engine()) {
  return { engine, ...npmRoom(await config(env), {}, engine) }
}

function asking(headers: Record<string, string> = {}, method = 'GET'): Asking {
  return { method, query: '', base: 'http://x.example/npm', atRoot: false, header: (name) => headers[name] }
}

const tarball = Buffer.from('bytes')
const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`
const packument = (...versions: string[]) =>
  JSON.stringify({
    name: 'p',
    versions: Object.fromEntries(versions.map((version) => [version, { dist: { integrity } }])),
  })

describe('private names', () => {
  const table: readonly [
    name: string,
    env: Record<string, string>,
    sources: string,
    gate: number | undefined,
  ][] = [
    ['express', {}, 'npm', undefined],
    ['@corp/a', {}, 'npm', undefined],
    ['@corp/a', { POSTHASTE_NPM_PRIVATE: '@corp/*' }, 'npm-private', 403],
    ['CORP-x', { POSTHASTE_NPM_PRIVATE: 'corp-*' }, 'npm-private', 403],
    [
      '@corp/a',
      { POSTHASTE_NPM_PRIVATE: '@corp/*', POSTHASTE_NPM_PRIVATE_UPSTREAM: 'https://c.example' },
      'npm-private',
      undefined,
    ],
    ['@team/a', {}, 'npm-scope-@team', undefined],
    ['@team/a', { POSTHASTE_NPM_PRIVATE: '@team/*' }, 'npm-scope-@team', undefined],
    [
      '@team/a',
      { POSTHASTE_NPM_PRIVATE: '@team/*', POSTHASTE_NPM_PRIVATE_UPSTREAM: 'https://c.example' },
      'npm-private',
      undefined,
    ],
    ['@open/a', {}, 'npm', undefined],
    ['team', {}, 'npm', undefined],
  ]
  for (const [name, env, sources, status] of table) {
    test(`${name} ${Object.values(env).join(' ')}: ${sources}, ${status ?? 'passes'}`, async () => {
      const { ecosystem, gate } = await room(env)
      const asked = ecosystem.parse(`/${name}`, asking())
      if (asked.kind !== 'view') throw new Error('it should be a view')
      expect(asked.view.of).toMatchObject({ sources, isPrivate: sources !== 'npm' })
      const refusal = gate(name)
      expect(refusal === undefined ? undefined : Reflect.get(refusal, 'status')).toBe(status)
    })
  }

  test('the refusal says the rule and the fix', async () => {
    const { ecosystem, gate } = await room({ POSTHASTE_NPM_PRIVATE: '@corp/*' })
    const refusal = gate('@corp/a')
    if (refusal === undefined) throw new Error('it should be refused')
    const { status, body } = ecosystem.refuse(refusal, {
      name: '@corp/a',
      kind: 'packument',
      path: '',
      missMs: 0,
    })
    expect(status).toBe(403)
    expect(JSON.parse(body).error).toMatch(/@corp\/\*.*npm\.privateUpstream/)
  })

  test('a client token goes to a private source that has no credentials here, and to no other', async () => {
    const env = { POSTHASTE_NPM_PRIVATE: '@corp/*', POSTHASTE_ACCESS_TOKENS: 'a-token-of-this-server' }
    const upstream = { POSTHASTE_NPM_PRIVATE_UPSTREAM: 'https://c.example' }
    const kindOf = async (more: Record<string, string>, authorization: string, name = '@corp/a') =>
      (await room({ ...env, ...more })).ecosystem.parse(`/${name}`, asking({ authorization })).kind
    expect(await kindOf(upstream, 'Bearer mine')).toBe('forward')
    expect(await kindOf(upstream, 'Bearer a-token-of-this-server')).toBe('view')
    expect(await kindOf(upstream, `Basic ${btoa('me:a-token-of-this-server')}`)).toBe('view')
    expect(await kindOf(upstream, 'Bearer mine', 'express')).toBe('view')
    expect(await kindOf({ POSTHASTE_NPM_PRIVATE_UPSTREAM: 'https://me:pw@c.example' }, 'Bearer mine')).toBe(
      'view',
    )
    const credentials = '{c.example: {header: "Authorization: Bearer x"}}'
    expect(await kindOf({ ...upstream, POSTHASTE_UPSTREAM_CREDENTIALS: credentials }, 'Bearer mine')).toBe(
      'view',
    )
    expect(await kindOf({}, 'Bearer mine', '@team/a')).toBe('forward')
  })
})

describe('the lists', () => {
  test('are equal sources, with a single one for what is written', async () => {
    const { lists } = await room({ POSTHASTE_NPM_PRIVATE_UPSTREAM: 'https://c.example,https://d.example' })
    const shown = Object.fromEntries(
      Object.entries(lists).map(([name, list]) => [
        name,
        list.map((step) => (step.kind === 'source' ? `${step.id}${step.next ?? ''}` : step.kind)).join(' '),
      ]),
    )
    expect(shown).toEqual({
      npm: 'a.example| b.example/npm',
      'npm-writes': 'a.example',
      'npm-private': 'c.example| d.example',
      'npm-private-writes': 'c.example',
      'npm-scope-@team': 'team.example',
      'npm-scope-@team-writes': 'team.example',
    })
  })
})

describe('tarballs', () => {
  const resourceOf = async (engine: Engine, file: string, env: Record<string, string> = {}) => {
    const { ecosystem } = await room(env, engine)
    const asked = ecosystem.parse(`/p/-/${file}`, asking())
    if (asked.kind !== 'resource') throw new Error('it should be a resource')
    const { locate, prove } = asked.resource
    if (locate === undefined || prove === undefined) throw new Error('it should be located and proved')
    return {
      locate: () => locate(signal),
      prove: () => prove(signal).check({ kind: 'bytes', bytes: tarball }, signal),
    }
  }

  test('are located and proved by the packument that is kept', async () => {
    const engine = new Engine()
    engine.kept.set('npm/p/-/abbreviated', { text: packument('1.0.0'), checkedAtMs: 0 })
    const { locate, prove } = await resourceOf(engine, 'p-1.0.0.tgz')
    expect(await locate()).toEqual({
      kind: 'places',
      urls: ['https://a.example/p/-/p-1.0.0.tgz', 'https://b.example/npm/p/-/p-1.0.0.tgz'],
    })
    expect(await prove()).toEqual({ verdict: 'proved' })
    expect(engine.asked).toEqual([])
  })

  test('that the kept packument does not list are looked up in a fresh one, once', async () => {
    const engine = new Engine()
    engine.kept.set('npm/p/-/abbreviated', { text: packument('1.0.0'), checkedAtMs: 0 })
    engine.source.set('npm/p/-/abbreviated', packument('1.0.0', '2.0.0'))
    const { locate, prove } = await resourceOf(engine, 'p-2.0.0.tgz')
    const [located, verdict] = await Promise.all([locate(), prove()])
    expect([located.kind, verdict]).toEqual(['places', { verdict: 'proved' }])
    expect(engine.asked).toEqual(['npm/p/-/abbreviated'])
  })

  test('that a fresh packument does not list are not found, and hammering it asks nobody', async () => {
    const engine = new Engine()
    engine.kept.set('npm/p/-/abbreviated', { text: packument('1.0.0'), checkedAtMs: 0 })
    engine.source.set('npm/p/-/abbreviated', packument('1.0.0'))
    for (const file of ['p-2.0.0.tgz', 'p-3.0.0.tgz', 'p-4.0.0.tgz']) {
      const { locate } = await resourceOf(engine, file)
      expect(await locate()).toMatchObject({ kind: 'refused', refusal: { kind: 'not-found' } })
    }
    expect(engine.asked).toEqual(['npm/p/-/abbreviated'])
  })

  test('that an old packument does not list are never "not found" while there is an outage', async () => {
    const engine = new Engine()
    engine.kept.set('npm/p/-/abbreviated', { text: packument('1.0.0'), checkedAtMs: 0 })
    engine.outage = { kind: 'upstream-failed', reason: 'a.example gives no answer' }
    const { locate, prove } = await resourceOf(engine, 'p-2.0.0.tgz')
    expect(await locate()).toMatchObject({ kind: 'refused', refusal: { kind: 'upstream-failed' } })
    expect(await prove()).toMatchObject({ verdict: 'unproved' })
  })

  test('are guessed to be at their canonical places while the packument is on its way, where a guess is followed up', async () => {
    const engine = new Engine()
    engine.source.set('npm/p/-/abbreviated', packument('1.0.0'))
    const arrives = Promise.withResolvers<void>()
    const ports: NpmRoomPorts = {
      followsGuesses: true,
      now: engine.now,
      check: engine.check,
      ask: (resource) => engine.ask(resource),
      refresh: (resource) => engine.refresh(resource),
      view: async (view) => {
        await arrives.promise
        return engine.view(view)
      },
    }
    const { ecosystem } = npmRoom(await config(), {}, ports)
    const asked = ecosystem.parse('/p/-/p-1.0.0.tgz', asking())
    if (asked.kind !== 'resource') throw new Error('it should be a resource')
    const verdict = asked.resource.prove?.(signal).check({ kind: 'bytes', bytes: tarball }, signal)
    expect(await asked.resource.locate?.(signal)).toMatchObject({ kind: 'places', isGuess: true })
    arrives.resolve()
    expect(await asked.resource.locate?.(signal)).not.toHaveProperty('isGuess')
    expect(await verdict).toEqual({ verdict: 'proved' })
    expect(engine.asked).toEqual(['npm/p/-/abbreviated'])
  })

  test('are looked up in the full packument where clients read that', async () => {
    const engine = new Engine()
    engine.source.set('npm/p', packument('1.0.0'))
    const { ecosystem } = await room({}, engine)
    ecosystem.parse('/p', asking({ accept: 'application/json' }))
    const asked = ecosystem.parse('/p/-/p-1.0.0.tgz', asking())
    if (asked.kind !== 'resource') throw new Error('it should be a resource')
    expect(await asked.resource.locate?.(signal)).toMatchObject({ kind: 'places' })
    expect(engine.asked).toEqual(['npm/p'])
  })

  test('with signatures ask for keys once in a while, also where there are none', async () => {
    const engine = new Engine()
    const signed = JSON.stringify({
      name: 'p',
      versions: { '1.0.0': { dist: { integrity, signatures: [{ keyid: 'k', sig: 's' }] } } },
    })
    engine.kept.set('npm/p/-/abbreviated', { text: signed, checkedAtMs: 0 })
    const { ecosystem } = await room({}, engine)
    const prove = async () => {
      const asked = ecosystem.parse('/p/-/p-1.0.0.tgz', asking())
      if (asked.kind !== 'resource') throw new Error('it should be a resource')
      return asked.resource.prove?.(signal).check({ kind: 'bytes', bytes: tarball }, signal)
    }
    expect(await Promise.all([prove(), prove()])).toEqual([{ verdict: 'proved' }, { verdict: 'proved' }])
    await prove()
    expect(engine.asked).toEqual(['npm/-/npm/v1/keys'])
    engine.nowMs += 300_000
    await prove()
    expect(engine.asked).toHaveLength(2)
  })
})
