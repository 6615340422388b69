import { describe, expect, test } from 'bun:test'
import { gzipSync } from 'node:zlib'
import type { Asking, Resource } from '../ecosystem.ts'
import { createNpmEcosystem, isAbbreviatedWanted, type NpmEcosystemOptions } from './npm-ecosystem.ts'
import type { NpmRoute } from './npm-route.ts'
import { publicRoute } from './npm-route.ts'

const corgi = 'application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*'
const base = 'http://127.0.0.1:7678/npm'
const privateRoute: NpmRoute = {
  sources: 'npm-private',
  writes: 'npm-private-writes',
  isPrivate: true,
  passesTokens: true,
}

function world(more: Partial<NpmEcosystemOptions> = {}) {
  const locked: string[] = []
  const forms: string[] = []
  const ecosystem = createNpmEcosystem({
    ttl: { metadataMs: 300_000, missMs: 60_000 },
    tarballs: {
      dist: async () => ({ kind: 'refused', refusal: { kind: 'not-found', reason: 'none' } }),
      bases: () => [],
      keys: async () => [],
    },
    check: async () => ({ verdict: 'sound' }),
    route: (name) => (name.startsWith('@corp/') ? privateRoute : publicRoute),
    accounts: publicRoute,
    isOwnToken: (authorization) => authorization === 'Bearer ours',
    locked: (name, version) => locked.push(`${name}@${version}`),
    formAsked: (name, form) => forms.push(`${name} ${form}`),
    written: () => undefined,
    ...more,
  })
  return { ecosystem, locked, forms }
}

function asking(headers: Record<string, string> = {}, more: Partial<Asking> = {}): Asking {
  return { method: 'GET', query: '', base, atRoot: false, header: (name) => headers[name], ...more }
}

const parse = (path: string, headers?: Record<string, string>, more?: Partial<Asking>) =>
  world().ecosystem.parse(path, asking(headers, more))

function forwardOf(path: string, headers: Record<string, string>, more: Partial<Asking>, options = {}) {
  const asked = world(options).ecosystem.parse(path, asking(headers, more))
  if (asked.kind !== 'forward') throw new Error(`${path} is a ${asked.kind}: ${JSON.stringify(asked)}`)
  return asked.forward
}

describe('packuments', () => {
  test('in full are a view of what the source sends', () => {
    const asked = parse('/@types%2fnode', { accept: 'application/json' })
    expect(asked).toMatchObject({
      kind: 'view',
      view: {
        of: {
          key: 'npm/@types/node',
          path: '@types%2fnode',
          accept: 'application/json',
          freshMs: 300_000,
          missMs: 60_000,
          sources: 'npm',
          compressible: true,
          isPrivate: false,
        },
        mediaType: 'application/json',
        vary: 'Accept, User-Agent',
        transform: { name: 'npm.full', params: { base, name: '@types/node' } },
      },
    })
  })

  test("abbreviated are a view of the source's own abbreviated form, with the dates from the full one", () => {
    const asked = parse('/express', { accept: corgi })
    expect(asked).toMatchObject({
      kind: 'view',
      view: {
        of: {
          key: 'npm/express/-/abbreviated',
          path: 'express',
          accept: 'application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8',
        },
        beside: { resource: { key: 'npm/express' }, patienceMs: 1500 },
        mediaType: 'application/vnd.npm.install-v1+json',
        transform: { name: 'npm.abbreviated' },
      },
    })
  })

  const accepts: readonly [string | undefined, boolean][] = [
    [undefined, false],
    ['*/*', false],
    ['application/json', false],
    [corgi, true],
    ['application/vnd.npm.install-v1+json', true],
    ['application/json; q=1.0, application/vnd.npm.install-v1+json; q=0.8', false],
    ['application/vnd.npm.install-v1+json;q=0, application/json;q=0', false],
    ['application/vnd.npm.install-v1+json;q=x', false],
    ['application/json;q=0.5,Application/vnd.npm.install-v1+json', false],
  ]
  for (const [accept, wanted] of accepts) {
    test(`${accept}: ${wanted ? 'abbreviated' : 'full'}`, () =>
      expect(isAbbreviatedWanted(accept)).toBe(wanted))
  }

  test('the variant says which of the views a path has', () => {
    const { ecosystem } = world()
    const variant = (path: string, accept = '', query = '') =>
      ecosystem.variantOf?.(path, asking({ accept }, { query }))
    expect(variant('/express', corgi)).toBe('dated')
    expect(variant('/express')).toBe('full')
    expect(variant('/-/package/express/dist-tags')).toBe('dist-tags')
    expect(variant('/express/-/express-1.0.0.tgz')).toBeUndefined()
    expect(variant('/-/ping')).toBeUndefined()
    expect(variant('/express', '', 'write=true')).toBeUndefined()
  })

  const agents: readonly [agent: string, variant: string][] = [
    ['npm/11.19.1 node/v20.20.2 linux x64 workspaces/false', 'abbreviated'],
    ['Bun/1.4.5', 'abbreviated'],
    ['yarn/1.22.22 npm/? node/v20.20.2 linux x64', 'abbreviated'],
    ['pnpm/11.0.0 npm/? node/v20.20.2 linux x64', 'dated'],
    ['curl/8.0', 'dated'],
  ]
  for (const [agent, variant] of agents) {
    test(`${agent} reads the ${variant} form, and only for dates the full one is fetched as well`, () => {
      const { ecosystem } = world()
      const headers = { accept: corgi, 'user-agent': agent }
      expect(ecosystem.variantOf?.('/express', asking(headers))).toBe(variant)
      const asked = ecosystem.parse('/express', asking(headers))
      if (asked.kind !== 'view') throw new Error('it should be a view')
      expect(asked.view.beside?.resource.key).toBe(variant === 'dated' ? 'npm/express' : undefined)
      expect('dated' in asked.view.transform.params).toBe(variant === 'dated')
    })
  }

  test('tags and manifests', () => {
    expect(parse('/-/package/express/dist-tags')).toMatchObject({
      view: { of: { key: 'npm/express/-/abbreviated' }, transform: { name: 'npm.dist-tags' } },
    })
    expect(parse('/@s%2fa/latest')).toMatchObject({
      view: {
        of: { key: 'npm/@s/a/-/manifest/latest', path: '@s%2fa/latest' },
        transform: { name: 'npm.version' },
      },
    })
  })
})

describe('tarballs', () => {
  test('are one resource, however they are asked for', () => {
    for (const path of ['/@s/a/-/a-1.0.0.tgz', '/@s%2Fa/-/a-1.0.0.tgz', '/@s/a/download/@s/a-1.0.0.tgz']) {
      expect(parse(path)).toMatchObject({
        kind: 'resource',
        resource: {
          key: 'npm/@s/a/-/a-1.0.0.tgz',
          shape: 'blob',
          freshMs: Number.POSITIVE_INFINITY,
          mediaType: 'application/octet-stream',
        },
      })
    }
  })

  test('are told at a glance, private ones never', () => {
    const { ecosystem } = world()
    expect(ecosystem.nameOfFixed?.('/@s/a/-/a-1.0.0.tgz')).toBe('@s/a')
    expect(ecosystem.nameOfFixed?.('/@corp/a/-/a-1.0.0.tgz')).toBeUndefined()
  })
})

describe('keys are read back', () => {
  const { ecosystem } = world()
  const resourceOf = (path: string, headers = {}): Resource => {
    const asked = ecosystem.parse(path, asking(headers))
    if (asked.kind === 'resource') return asked.resource
    if (asked.kind === 'view') return asked.view.of
    throw new Error(`${path} has no resource`)
  }
  const keyed: readonly [string, Record<string, string>?][] = [
    ['/express'],
    ['/express', { accept: corgi }],
    ['/@corp%2fa', { accept: corgi }],
    ['/@corp%2fa'],
    ['/@corp/a/-/a-1.0.0.tgz'],
    ['/@s%2fa/latest'],
    ['/@corp%2fa/1.0.0'],
    ['/express/-/express-1.0.0+b.tgz'],
    ['/-'],
    ['/-', { accept: corgi }],
    ['/-/-/--0.0.1.tgz'],
    ['/-/npm/v1/keys'],
    ['/-/npm/v1/attestations/@s%2fa@1.0.0'],
    ['/-/npm/v1/attestations/@corp%2fa@1.0.0'],
  ]
  for (const [path, headers] of keyed) {
    test(`${path} ${headers?.accept === undefined ? '' : 'abbreviated'}`, () => {
      const { key, path: wire, sources } = resourceOf(path, headers)
      expect(key).toMatch(/^npm\/[\x21-\x7e]+$/)
      expect(ecosystem.parse(key.slice('npm'.length))).toMatchObject({
        kind: 'resource',
        resource: { key, path: wire, sources },
      })
    })
  }

  test('but those of a name that is routed elsewhere by now', () => {
    for (const key of [
      '/@corp/a',
      '/@corp/a/-/a-1.0.0.tgz',
      '/-/at/npm-private/express',
      '/-/at/npm-other/@corp/a',
    ]) {
      expect(ecosystem.parse(key)).toMatchObject({ kind: 'answer', answer: { status: 404 } })
    }
  })
})

describe('private packages', () => {
  test('have their own sources and their own keys', () => {
    expect(parse('/@corp%2fa')).toMatchObject({
      view: { of: { key: 'npm/-/at/npm-private/@corp/a', sources: 'npm-private', isPrivate: true } },
    })
    expect(parse('/@corp%2fa', { accept: corgi })).toMatchObject({
      view: { of: { isPrivate: true }, beside: { resource: { sources: 'npm-private', isPrivate: true } } },
    })
  })

  const token = { authorization: 'Bearer mine', accept: corgi, cookie: 'c=1', 'npm-session': 's' }
  const paths: readonly [path: string, wire: string][] = [
    ['/@corp%2fa', '@corp%2fa'],
    ['/@corp%2fa/latest', '@corp%2fa/latest'],
    ['/@corp/a/-/a-1.0.0.tgz', '@corp/a/-/a-1.0.0.tgz'],
    ['/-/package/@corp%2fa/dist-tags', '-/package/@corp%2fa/dist-tags'],
  ]
  for (const [path, wire] of paths) {
    test(`${path} with the client's own token is passed on, and kept nowhere`, () => {
      expect(forwardOf(path, token, {})).toMatchObject({
        sources: 'npm-private',
        path: wire,
        headers: { authorization: 'Bearer mine', accept: corgi },
        isPrivate: true,
        freshMs: 0,
      })
      expect(forwardOf(path, token, {}).headers).not.toHaveProperty('cookie')
    })
  }

  test('our own token is passed on to nobody', () => {
    expect(parse('/@corp%2fa', { authorization: 'Bearer ours' }).kind).toBe('view')
  })

  test('where the source has credentials here, no token is passed on', () => {
    const { ecosystem } = world({ route: () => ({ ...privateRoute, passesTokens: false }) })
    expect(ecosystem.parse('/@corp%2fa', asking(token)).kind).toBe('view')
  })

  test('a token makes nothing of public names', () => {
    expect(parse('/express', token).kind).toBe('view')
    expect(parse('/express/-/express-1.0.0.tgz', token).kind).toBe('resource')
  })
})

describe('writes', () => {
  const put: Partial<Asking> = { method: 'PUT' }
  const mine = {
    authorization: 'Bearer mine',
    'content-type': 'application/json',
    'npm-otp': '1',
    cookie: 'c',
  }

  test("go to the name's registry with the client's own token", () => {
    const headers = { authorization: 'Bearer mine', 'content-type': 'application/json', 'npm-otp': '1' }
    expect(forwardOf('/@corp%2fa', mine, put)).toMatchObject({
      sources: 'npm-private-writes',
      method: 'PUT',
      path: '@corp%2fa',
      isPrivate: true,
    })
    expect(forwardOf('/@corp%2fa', mine, put).headers).toEqual(headers)
    expect(forwardOf('/-/package/a/dist-tags/x', mine, put)).toMatchObject({
      sources: 'npm-writes',
      path: '-/package/a/dist-tags/x',
      freshMs: 0,
    })
  })

  test('that are taken make what is kept of that package old; reading and accounts do not', () => {
    const written: string[] = []
    const options = { written: (name: string) => written.push(name) }
    for (const path of ['/@corp%2fa', '/-/package/a/dist-tags/x', '/-/user/token/mine']) {
      forwardOf(path, mine, { method: 'PUT' }, options).taken?.()
    }
    forwardOf('/-/package/a/access', mine, {}, options).taken?.()
    expect(written).toEqual(['@corp/a', 'a'])
  })

  for (const authorization of [undefined, 'Bearer ours']) {
    test(`without a token of that registry are refused (${authorization})`, () => {
      const headers: Record<string, string> = authorization === undefined ? {} : { authorization }
      for (const [method, path] of [
        ['PUT', '/a'],
        ['PUT', '/@corp%2fa'],
        ['GET', '/-/whoami'],
        ['DELETE', '/a/-rev/1'],
      ] as const) {
        const asked = parse(path, headers, { method })
        expect(asked).toMatchObject({ kind: 'answer', answer: { status: 401 } })
        if (asked.kind !== 'answer') throw new Error('it should be an answer')
        expect(JSON.parse(asked.answer.body).error).toContain('your own token')
      }
    })
  }

  test('nobody logs in to the public registry through us; to one of their own they do', () => {
    expect(parse('/-/user/org.couchdb.user:me', {}, put)).toMatchObject({
      kind: 'answer',
      answer: { status: 403 },
    })
    const accounts = privateRoute
    expect(forwardOf('/-/v1/login', {}, { method: 'POST' }, { accounts })).toMatchObject({
      sources: 'npm-private-writes',
      path: '-/v1/login',
    })
  })

  test('the scope that npm logs in for decides where', () => {
    const post: Partial<Asking> = { method: 'POST' }
    expect(forwardOf('/-/v1/login', { 'npm-scope': '@corp' }, post)).toMatchObject({
      sources: 'npm-private-writes',
      isPrivate: true,
    })
    for (const scope of ['@other', '', '@', '@corp/../x']) {
      expect(parse('/-/v1/login', { 'npm-scope': scope }, post)).toMatchObject({ answer: { status: 403 } })
    }
  })

  test('what is read to be written is read where it will be written', () => {
    expect(forwardOf('/a', mine, { query: 'write=true' })).toMatchObject({
      sources: 'npm-writes',
      path: 'a?write=true',
    })
    expect(parse('/a', {}, { query: 'write=true' }).kind).toBe('view')
  })
})

describe('the registry itself', () => {
  test('answers a ping, and says what it is', () => {
    expect(parse('/-/ping')).toMatchObject({ kind: 'answer', answer: { status: 200, body: '{}\n' } })
    expect(parse('/')).toMatchObject({ answer: { status: 200, body: expect.stringContaining(`${base}/`) } })
  })

  test('passes a search on, without credentials', () => {
    const forward = forwardOf('/-/v1/search', { authorization: 'Bearer mine' }, { query: 'text=x&size=2' })
    expect(forward).toMatchObject({ sources: 'npm', path: '-/v1/search?text=x&size=2' })
    expect(forward.headers).toEqual({ accept: 'application/json' })
  })

  test('refuses in JSON', () => {
    const asked = parse('/%2e%2e/x')
    expect(asked).toMatchObject({
      answer: { status: 400, headers: { 'content-type': 'application/json', 'cache-control': 'no-store' } },
    })
  })
})

describe('an audit', () => {
  const bulk = '/-/npm/v1/security/advisories/bulk'
  const post: Partial<Asking> = { method: 'POST' }
  const rewritten = (path: string, body: Uint8Array | string) => {
    const { ecosystem, locked } = world()
    const asked = ecosystem.parse(path, asking({ authorization: 'Bearer mine' }, post))
    if (asked.kind !== 'forward') throw new Error('it should be passed on')
    const { forward } = asked
    const result = forward.rewrite?.(typeof body === 'string' ? Buffer.from(body) : body)
    if (result === undefined) throw new Error('nothing is rewritten')
    return {
      forward,
      locked,
      result,
      sent: 'body' in result ? JSON.parse(`${Buffer.from(result.body)}`) : undefined,
    }
  }

  test('says nothing of private packages and shows nobody a token', () => {
    const said = { express: ['1.0.0', '2.0.0'], '@corp/secret': ['1.0.0'] }
    for (const body of [JSON.stringify(said), gzipSync(JSON.stringify(said))]) {
      const { forward, locked, sent } = rewritten(bulk, body)
      expect(sent).toEqual({ express: ['1.0.0', '2.0.0'] })
      expect(locked).toEqual(['express@1.0.0', 'express@2.0.0'])
      expect(forward.headers).toEqual({ accept: 'application/json', 'content-type': 'application/json' })
      expect(forward).toMatchObject({ sources: 'npm', freshMs: 3_600_000, accepts: ['application/json'] })
    }
  })

  test('of nothing but private packages asks nobody', () => {
    expect(rewritten(bulk, '{"@corp/a":["1.0.0"]}').result).toMatchObject({
      answer: { status: 200, body: '{}\n' },
    })
  })

  test('of a whole tree keeps what is public below private packages', () => {
    const { sent, locked } = rewritten(
      '/-/npm/v1/security/audits/quick',
      JSON.stringify({
        name: '@corp/app',
        version: '1.0.0',
        requires: { express: '^1', '@corp/a': '*' },
        dependencies: {
          express: {
            version: '1.0.0',
            requires: { '@corp/x': '1', ms: '2' },
            dependencies: { ms: { version: '2.0.0' } },
          },
          '@corp/a': { version: '3.0.0', requires: { ms: '*' }, dependencies: { ms: { version: '0.1.0' } } },
          '@corp/b': { version: '3.0.0', resolved: 'https://corp.example/b' },
        },
        metadata: { node_version: 'v20' },
      }),
    )
    expect(JSON.stringify(sent)).not.toContain('corp')
    expect(sent).toEqual({
      version: '1.0.0',
      requires: { express: '^1' },
      dependencies: {
        express: { version: '1.0.0', requires: { ms: '2' }, dependencies: { ms: { version: '2.0.0' } } },
        '@private-package/not-named-1': { version: '0.0.0', dependencies: { ms: { version: '0.1.0' } } },
      },
      metadata: { node_version: 'v20' },
    })
    expect(locked).toContain('ms@0.1.0')
  })

  test("keeps pnpm's name for the project, which findings are told by", () => {
    const { sent, locked } = rewritten(
      '/-/npm/v1/security/audits',
      JSON.stringify({
        dependencies: {
          '.': {
            version: '0.0.0',
            requires: { ms: '2.0.0', '@corp/a': '1' },
            dependencies: { ms: { version: '2.0.0' }, '@corp/a': { version: '1.0.0' } },
          },
        },
      }),
    )
    const requires = { ms: '2.0.0' }
    const project = { version: '0.0.0', requires, dependencies: { ms: { version: '2.0.0' } } }
    expect(sent).toEqual({ requires: {}, dependencies: { '.': project } })
    expect(locked).toEqual(['ms@2.0.0'])
  })

  test('goes where the client asked: a full audit tells more than a quick one', () => {
    for (const path of ['-/npm/v1/security/audits', '-/npm/v1/security/audits/quick']) {
      expect(rewritten(`/${path}`, '{"dependencies":{}}').forward.path).toBe(path)
    }
  })

  const hostile: readonly [string, Uint8Array | string][] = [
    ['no JSON', 'x'],
    ['a list', '[]'],
    ['a package without a list of versions', '{"express":"1.0.0"}'],
    ['a torn gzip file', gzipSync('{"a":["1"]}').subarray(0, 15)],
    ['a bomb', gzipSync(Buffer.alloc(40 * 1024 * 1024, 0x20))],
  ]
  for (const [what, body] of hostile) {
    test(`of ${what} is refused`, () => {
      expect(rewritten(bulk, body).result).toMatchObject({ answer: { status: 400 } })
    })
  }
  test('of an endless tree is refused', () => {
    const deep = `${'{"dependencies":{"a":'.repeat(1_000)}{}${'}}'.repeat(1_000)}`
    expect(rewritten('/-/npm/v1/security/audits/quick', deep).result).toMatchObject({
      answer: { status: 400 },
    })
  })
})

describe('refusals', () => {
  const { ecosystem } = world()
  const sought = { name: '@corp/a', kind: 'packument', path: '@corp%2fa', missMs: 60_000 }
  test('of an outage are never a 404', () => {
    const reason = 'a.example gave no answer'
    expect(ecosystem.refuse({ kind: 'upstream-failed', reason }, sought)).toMatchObject({ status: 502 })
    const later = ecosystem.refuse({ kind: 'upstream-failed', reason, retryAfterMs: 1500 }, sought)
    expect(later).toMatchObject({ status: 503, headers: { 'retry-after': '2', 'cache-control': 'no-store' } })
    expect(JSON.parse(later.body).error).toStartWith(`${reason}: `)
  })
  test('name the package, on one line of printable text', () => {
    const reason = 'not\nhere \u001b[31m\u202e'
    const { status, body } = ecosystem.refuse({ kind: 'not-found', reason }, sought)
    expect([status, JSON.parse(body)]).toEqual([404, { error: '@corp/a: not here ?[31m?' }])
  })
  test("of a private name lead to no public source, and are no shared cache's", () => {
    const down = ecosystem.refuse({ kind: 'upstream-failed', reason: 'x is down' }, sought)
    expect(JSON.parse(down.body).error).not.toContain('npm.upstream')
    const hint = 'ask whoever runs x, or name another source in npm.upstream'
    const denied = (status: 401 | 403) =>
      JSON.parse(ecosystem.refuse({ kind: 'denied', status, reason: 'x', hint }, sought).body).error
    expect(denied(403)).toBe('x: ask whoever runs x, or name another source in npm.privateUpstream')
    expect(denied(401)).toContain('.npmrc')
    const missing = ecosystem.refuse({ kind: 'not-found', reason: 'none' }, sought)
    expect(missing.headers['cache-control']).toBe('private, max-age=60')
    const known = ecosystem.refuse({ kind: 'not-found', reason: 'none' }, { ...sought, name: 'a' })
    expect(known.headers['cache-control']).toBe('public, max-age=60')
    expect(
      JSON.parse(ecosystem.refuse({ kind: 'upstream-failed', reason: 'x' }, { ...sought, name: 'a' }).body)
        .error,
    ).toContain('npm.upstream')
  })
  test('of a private name ask for a token', () => {
    expect(ecosystem.refuse({ kind: 'denied', status: 401, reason: 'x' }, sought).headers).toHaveProperty(
      'www-authenticate',
    )
  })
})
