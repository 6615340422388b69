import { describe, expect, test } from 'bun:test'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import type { CandidateBody, Proof, Resource, Verdict } from '../ecosystem.ts'
import { createGoEcosystem, type GoEcosystemOptions } from './go-ecosystem.ts'

const signal = new AbortController().signal
const ttl = { listMs: 1, latestMs: 2, queryMs: 3, missMs: 4, treeHeadMs: 5 }

/** A database that vouches for everything and notes what it was asked. */
function database() {
  const asked: string[] = []
  const proof = (what: string): Proof => {
    asked.push(what)
    return { check: async () => ({ verdict: 'proved' }) }
  }
  return {
    asked,
    sumdb: {
      name: 'sum.example',
      proveModFile: (module: string, version: string) => proof(`mod ${module} ${version}`),
      proveZip: (module: string, version: string) => proof(`zip ${module} ${version}`),
      proveLookup: (module: string, version: string) => proof(`lookup ${module} ${version}`),
      proveTile: (path: string) => proof(path),
      proveTreeHead: () => proof('head'),
    },
  }
}

function go(options: Partial<GoEcosystemOptions> = {}) {
  return createGoEcosystem({
    ttl,
    onOutage: 'error',
    isPrivate: (name) => name.startsWith('corp.example/'),
    isUnlisted: (name) => name.startsWith('unlisted.example/') || name === 'golang.org/toolchain',
    sumdb: database().sumdb,
    checkZipForm: async () => ({ ok: true, h1: 'h1:x' }),
    ...options,
  })
}

function resource(path: string, options?: Partial<GoEcosystemOptions>): Resource {
  const asked = go(options).parse(path)
  if (asked.kind !== 'resource') throw new Error(`${path}: ${asked.answer.status} ${asked.answer.body}`)
  return asked.resource
}

function answer(path: string, options?: Partial<GoEcosystemOptions>) {
  const asked = go(options).parse(path)
  if (asked.kind !== 'answer') throw new Error(`${path} is a resource`)
  return asked.answer
}

const bytes = (text: string): CandidateBody => ({ kind: 'bytes', bytes: new TextEncoder().encode(text) })
const json = (value: unknown) => bytes(JSON.stringify(value))

async function verdictOf(
  path: string,
  body: CandidateBody,
  options?: Partial<GoEcosystemOptions>,
): Promise<Verdict['verdict']> {
  const proof = resource(path, options).prove?.(signal)
  if (proof === undefined) throw new Error('nothing proves it')
  return (await proof.check(body, signal)).verdict
}

const m = '/github.com/%21azure/x'

describe('resources', () => {
  test('are keyed by the canonical path and fetched by the wire path', () => {
    for (const path of [
      `${m}/@v/v2.0.0+incompatible.zip`,
      '/github.com/!azure/x/@v/v2.0.0%2bincompatible.zip',
    ]) {
      expect(resource(path)).toMatchObject({
        key: 'go/github.com/!azure/x/@v/v2.0.0+incompatible.zip',
        path: 'github.com/%21azure/x/@v/v2.0.0+incompatible.zip',
        name: 'github.com/Azure/x',
        sources: 'go',
        shape: 'blob',
        mediaType: 'application/zip',
        maxBytes: 500 * 1024 * 1024,
        freshMs: Number.POSITIVE_INFINITY,
        missMs: 4,
      })
    }
  })

  const freshness: readonly [path: string, kind: string, freshMs: number][] = [
    [`${m}/@v/list`, 'list', 1],
    [`${m}/@latest`, 'latest', 2],
    [`${m}/@v/main.info`, 'query', 3],
    [`${m}/@v/v2.0.0.info`, 'query', 3],
    [`${m}/@v/v1.0.0.info`, 'info', Number.POSITIVE_INFINITY],
    [`${m}/@v/v1.0.0.mod`, 'mod', Number.POSITIVE_INFINITY],
    ['/sumdb/sum.example/latest', 'tree-head', 5],
    ['/sumdb/sum.example/lookup/x.y/z@v1.0.0', 'lookup', Number.POSITIVE_INFINITY],
    ['/sumdb/sum.example/tile/8/0/000.p/3', 'tile', Number.POSITIVE_INFINITY],
    ['/sumdb/sum.example/tile/8/data/000', 'data-tile', Number.POSITIVE_INFINITY],
  ]
  for (const [path, kind, freshMs] of freshness) {
    test(`${path} is fresh for ${freshMs} ms`, () => {
      expect(resource(path)).toMatchObject({ kind, freshMs, shape: 'metadata' })
    })
  }

  test('of a database lie relative to it', () => {
    expect(resource('/sumdb/sum.example/lookup/github.com/!azure/x@v1.0.0')).toMatchObject({
      key: 'go/sumdb/sum.example/lookup/github.com/!azure/x@v1.0.0',
      path: 'lookup/github.com/%21azure/x@v1.0.0',
      sources: 'go-sumdb',
      name: 'github.com/Azure/x',
    })
  })

  test('have keys that are paths to themselves', () => {
    const version = fc.stringMatching(/^[A-Za-z0-9+%$&=@!,-]{1,12}$/)
    fc.assert(
      fc.property(version, fc.constantFrom('info', 'mod', 'zip'), (text, extension) => {
        const asked = go().parse(`/x.y/z/@v/${encodeURIComponent(text)}.${extension}`)
        if (asked.kind === 'answer') return
        expect(resource(asked.resource.key.slice(2)).key).toBe(asked.resource.key)
        expect(resource(`/${asked.resource.path}`).key).toBe(asked.resource.key)
      }),
      { numRuns: 500 },
    )
  })
})

describe('answers without a source', () => {
  test('supported is 200 for the configured database only', () => {
    expect(answer('/sumdb/sum.example/supported')).toMatchObject({ status: 200, body: '' })
    expect(answer('/sumdb/other.example/supported').status).toBe(404)
    expect(answer('/sumdb/sum.example/supported', { sumdb: undefined }).status).toBe(404)
    expect(answer('/sumdb/sum.example/supported', { sumdb: { ...database().sumdb, name: '' } }).status).toBe(
      404,
    )
  })

  test('what the protocol does not have is 404, what nobody sends 400, both with a reason', () => {
    expect(answer(`${m}/@v/latest.info`)).toMatchObject({
      status: 404,
      body: 'latest is a word of the go command: ask @latest or @v/list instead\n',
    })
    expect(answer(`${m}/../@latest`)).toMatchObject({ status: 400 })
    expect(answer('/').body).toContain('GOPROXY')
  })

  test.each([
    '/corp.example/x/@v/main.zip',
    '/corp.example/x/@v/latest.info',
    '/corp.example/Upper/@v/list',
    '/corp.example/x/@v/v1.0.0.ziphash',
    '/corp.example/%21upper/@v/upgrade.info',
  ])('a private name never gets a 404, whatever is asked of it: %s', (path) => {
    expect(answer(path)).toMatchObject({ status: 403, headers: { 'cache-control': 'no-store' } })
  })

  test('a name that is not looked up is refused a lookup, a private one is left to the gate', () => {
    expect(answer('/sumdb/sum.example/lookup/unlisted.example/x@v1.0.0')).toMatchObject({
      status: 403,
      headers: { 'cache-control': 'no-store' },
    })
    expect(resource('/sumdb/sum.example/lookup/corp.example/x@v1.0.0').name).toBe('corp.example/x')
    expect(resource('/sumdb/sum.example/lookup/golang.org/toolchain@v0.0.1-go1.21.0.linux-amd64').kind).toBe(
      'lookup',
    )
  })
})

describe('proofs', () => {
  test('that no later try can bring are told as such', () => {
    const isUnprovable = (path: string, options?: Partial<GoEcosystemOptions>) =>
      resource(path, options).isUnprovable
    expect(isUnprovable('/unlisted.example/x/@v/v1.0.0.zip')).toBe(true)
    expect(isUnprovable(`${m}/@v/v1.0.0.mod`)).toBe(false)
    expect(isUnprovable(`${m}/@v/v1.0.0.mod`, { sumdb: undefined })).toBe(true)
  })

  test('of public modules come from the database, and start when they are made', () => {
    const { asked, sumdb } = database()
    for (const path of [
      `${m}/@v/v1.0.0.mod`,
      `${m}/@v/v1.0.0.zip`,
      '/golang.org/toolchain/@v/v0.0.1-go1.21.0.linux-amd64.zip',
      '/sumdb/sum.example/lookup/x.y/z@v1.0.0',
      '/sumdb/sum.example/tile/8/0/000',
      '/sumdb/sum.example/latest',
    ]) {
      resource(path, { sumdb }).prove?.(signal)
    }
    expect(asked).toEqual([
      'mod github.com/Azure/x v1.0.0',
      'zip github.com/Azure/x v1.0.0',
      'zip golang.org/toolchain v0.0.1-go1.21.0.linux-amd64',
      'lookup x.y/z v1.0.0',
      'tile/8/0/000',
      'head',
    ])
  })

  test('of names that are private or not looked up never reach the database', async () => {
    const { asked, sumdb } = database()
    for (const name of ['corp.example/x', 'unlisted.example/x']) {
      expect(await verdictOf(`/${name}/@v/v1.0.0.mod`, bytes('module a.b/c\n'), { sumdb })).toBe('unproved')
      expect(await verdictOf(`/${name}/@v/v1.0.0.zip`, bytes('zip'), { sumdb })).toBe('unproved')
    }
    expect(asked).toEqual([])
  })

  const zipForms = [
    [{ ok: true, h1: 'h1:x' }, 'unproved'],
    [{ ok: false, reason: 'a bomb' }, 'wrong'],
    [{ ok: false, reason: 'no worker', unable: true }, 'unproved'],
  ] as const
  for (const [form, verdict] of zipForms) {
    test(`a zip without a database whose form is ${JSON.stringify(form)} is ${verdict}`, async () => {
      const options = { sumdb: undefined, checkZipForm: async () => form }
      expect(await verdictOf(`${m}/@v/v1.0.0.zip`, bytes('zip'), options)).toBe(verdict)
    })
  }

  const exact = `${m}/@v/v1.0.0.info`
  const forms: readonly [path: string, body: CandidateBody, verdict: Verdict['verdict']][] = [
    [exact, json({ Version: 'v1.0.0', Time: '2019-01-02T15:04:05Z', Origin: { VCS: 'git' } }), 'sound'],
    [exact, json({ version: 'v1.0.0', Time: null }), 'sound'],
    [exact, json({ Version: 'v1.0.1' }), 'wrong'],
    [exact, json({ Version: 'v1.0.0', Time: 'yesterday' }), 'wrong'],
    [exact, json({ Version: 1 }), 'wrong'],
    [exact, json({}), 'wrong'],
    [exact, json(['v1.0.0']), 'wrong'],
    [exact, json(null), 'wrong'],
    [exact, bytes('<html>'), 'wrong'],
    [exact, bytes('{"Version":"v1.0.0"'), 'wrong'],
    [exact, bytes(''), 'wrong'],
    [exact, bytes('['.repeat(1 << 20)), 'wrong'],
    [`${m}/@v/main.info`, json({ Version: 'v0.0.0-20190102150405-abcdef123456' }), 'sound'],
    [`${m}/@v/v2.0.0.info`, json({ Version: 'v2.0.0+incompatible' }), 'sound'],
    [`${m}/@v/main.info`, json({ Version: 'main' }), 'wrong'],
    [`${m}/@latest`, json({ Version: 'v1' }), 'wrong'],
    [`${m}/@latest`, json({ Version: 'v1.2.3' }), 'sound'],
    [`${m}/@v/list`, bytes(''), 'sound'],
    [`${m}/@v/list`, bytes('\n\r\n'), 'sound'],
    [`${m}/@v/list`, bytes('v1.0.0\nv1.1.0 2019-01-02T15:04:05Z\r\n\nodd\n'), 'sound'],
    [`${m}/@v/list`, bytes('<!doctype html>\nv1.0.0\n'), 'wrong'],
    [`${m}/@v/list`, bytes('{"error":"not found"}'), 'wrong'],
    [`${m}/@v/list`, bytes('not found'), 'wrong'],
    [`${m}/@v/list`, bytes('v1.0.0\n\0'), 'wrong'],
    ['/corp.example/x/@v/v1.0.0.mod', bytes('module another.example/fork\n'), 'unproved'],
    ['/corp.example/x/@v/v1.0.0.mod', bytes('<html>'), 'wrong'],
    ['/corp.example/x/@v/v1.0.0.mod', bytes('{"error":"x"}'), 'wrong'],
    ['/corp.example/x/@v/v1.0.0.mod', bytes(''), 'wrong'],
  ]
  for (const [path, body, verdict] of forms) {
    const shown = body.kind === 'bytes' ? new TextDecoder().decode(body.bytes.subarray(0, 50)) : ''
    test(`${path} with ${JSON.stringify(shown)} is ${verdict}`, async () => {
      expect(await verdictOf(path, body)).toBe(verdict)
    })
  }

  test('read a body that waits on disk, and call a lost one unproved', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'posthaste-go-'))
    try {
      const path = join(folder, 'list')
      await writeFile(path, 'v1.0.0\n')
      const body: CandidateBody = { kind: 'file', path, sizeBytes: 7 }
      expect(await verdictOf(`${m}/@v/list`, body)).toBe('sound')
      await rm(path)
      expect(await verdictOf(`${m}/@v/list`, body)).toBe('unproved')
      const proof = resource(`${m}/@v/list`).prove?.(signal)
      await expect(proof?.check(body, AbortSignal.abort())).rejects.toThrow()
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})

describe('misses', () => {
  const disproved = (path: string, body: string) => [
    ...(resource(path).disproves?.(new TextEncoder().encode(body)) ?? []),
  ]

  test('of a version are disproved by a list that names it', () => {
    expect(disproved(`${m}/@v/list`, 'v1.0.0-RC1\nodd\nv2.0.0+incompatible 2019-01-02T15:04:05Z\n')).toEqual([
      'go/github.com/!azure/x/@v/v1.0.0-!r!c1.info',
      'go/github.com/!azure/x/@v/v1.0.0-!r!c1.mod',
      'go/github.com/!azure/x/@v/v1.0.0-!r!c1.zip',
      'go/github.com/!azure/x/@v/v2.0.0+incompatible.info',
      'go/github.com/!azure/x/@v/v2.0.0+incompatible.mod',
      'go/github.com/!azure/x/@v/v2.0.0+incompatible.zip',
    ])
  })

  test('last through an outage for what go asks of each parent path, and for no version', () => {
    const lasting = ['list', 'v1.0.0.info', 'v1.0.0.mod', 'v1.0.0.zip', 'main.info'].filter(
      (file) => resource(`/x.y/z/@v/${file}`).missLasts,
    )
    expect(lasting).toEqual(['list', 'main.info'])
    expect(resource('/x.y/z/@latest').missLasts).toBe(true)
  })

  test('are disproved by a query that leads to them, and by nothing broken', () => {
    expect(disproved(`${m}/@latest`, '{"Version":"v1.0.0"}')).toContain(
      'go/github.com/!azure/x/@v/v1.0.0.zip',
    )
    expect(disproved(`${m}/@v/main.info`, '{"Version":"main"}')).toEqual([])
    expect(disproved(`${m}/@v/list`, '<html>')).toEqual([])
  })

  test('keys that are disproved are the keys of those resources', () => {
    for (const key of disproved(`${m}/@v/list`, 'v1.0.0-RC1\n')) expect(resource(key.slice(2)).key).toBe(key)
  })
})

test('an outage of a private name is never a 404', () => {
  const adapter = go({ onOutage: 'notFound' })
  const failed = { kind: 'upstream-failed', reason: 'down' } as const
  expect(adapter.refuse(failed, resource('/corp.example/x/@v/list')).status).toBe(502)
  expect(adapter.refuse(failed, resource('/x.y/z/@v/list')).status).toBe(404)
})
