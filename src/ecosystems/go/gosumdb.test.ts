import { describe, expect, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { isPublicDatabase, parseGosumdb, verifierKey } from './gosumdb.ts'

const ownName = 'sum.corp.example'
const ownKey = makeKey(ownName, 1, 32)
const ownDatabase = {
  kind: 'database' as const,
  name: ownName,
  keyHash: ownKey.split('+')[1] ?? '',
  keyData: ownKey.split('+').slice(2).join('+'),
  url: undefined,
  directUrl: `https://${ownName}`,
  wellKnown: false,
}

function makeKey(name: string, algorithm: number, keyBytes: number): string {
  const data = Buffer.concat([Buffer.of(algorithm), Buffer.alloc(keyBytes, 0xfb)])
  const hash = createHash('sha256').update(`${name}\n`).update(data).digest('hex').slice(0, 8)
  return `${name}+${hash}+${data.toString('base64')}`
}

/** The name that the installed toolchain has built in; it is not written in this repository. */
function toolchainName(): string | undefined {
  const go = spawnSync('go', ['env', 'GOROOT'], { encoding: 'utf8', timeout: 10_000 })
  if (go.status !== 0) return undefined
  const settings = readFileSync(join(go.stdout.trim(), 'go.env'), 'utf8')
  return /^GOSUMDB=(\S+)$/m.exec(settings)?.[1]
}
const builtIn = toolchainName()

describe('GOSUMDB', () => {
  test('off is off', () => {
    expect(parseGosumdb('off')).toEqual({ kind: 'off' })
    expect(parseGosumdb(' off ')).toEqual({ kind: 'off' })
  })

  test('a key names its database', () => {
    expect(parseGosumdb(ownKey)).toEqual(ownDatabase)
    expect(verifierKey(ownName, ownDatabase)).toBe(ownKey)
  })

  test('an address may follow, without its trailing slash', () => {
    expect(parseGosumdb(`${ownKey}  http://127.0.0.1:9/sumdb/`)).toEqual({
      ...ownDatabase,
      url: 'http://127.0.0.1:9/sumdb',
    })
  })

  test('a name may hold a path', () => {
    expect(parseGosumdb(makeKey('localhost.localdev/sumdb', 1, 32))).toMatchObject({
      name: 'localhost.localdev/sumdb',
    })
  })

  test('the mainland alias is the public database at another address, its name unknown without a candidate', () => {
    expect(parseGosumdb('sum.golang.google.cn', [ownName])).toMatchObject({
      kind: 'database',
      name: undefined,
      keyHash: '033de0ae',
      url: undefined,
      directUrl: 'https://sum.golang.google.cn',
      wellKnown: true,
    })
  })

  test.skipIf(builtIn === undefined)("the toolchain's own name is recognised by its hash", () => {
    const name = builtIn ?? ''
    expect(isPublicDatabase(name)).toBe(true)
    expect(isPublicDatabase(`${name}.`)).toBe(false)
    const database = parseGosumdb(name)
    expect(database).toMatchObject({ kind: 'database', name, directUrl: `https://${name}`, wellKnown: true })
    expect(parseGosumdb('sum.golang.google.cn', [ownName, name])).toMatchObject({
      name,
      url: undefined,
      directUrl: 'https://sum.golang.google.cn',
    })
    if (database.kind !== 'database') throw new Error('no database')
    expect(parseGosumdb(verifierKey(name, database))).toEqual(database)
  })

  const bad: readonly [text: string, reason: RegExp][] = [
    ['', /no checksum database/],
    ['   ', /no checksum database/],
    ['off https://a.example', /off is no database/],
    [`${ownKey} https://a.example more`, /more than two/],
    ['sum.goproxy.cn', /sum\.goproxy\.cn is no database/],
    ['sum.golang.google.cn https://a.example', /is no database/],
    [`${ownKey} ftp://a.example`, /ftp:\/\/a\.example is no http/],
    [`${ownKey} a.example`, /is no http/],
    [`${ownKey} https://a.example?x`, /is no http/],
    [ownKey.replace('corp', 'other'), /does not fit/],
    [`${ownName}+0000000+AAAA`, /8 hex/],
    [`${ownName}+00000000+AAA`, /no base64/],
    [`${ownName}+00000000+`, /no base64/],
    [makeKey(ownName, 2, 32), /unknown algorithm/],
    [makeKey(ownName, 1, 31), /32 bytes/],
    [makeKey('a.example/', 1, 32), /no host/],
    [makeKey('a.example/../b', 1, 32), /no host/],
    [makeKey('user@a.example', 1, 32), /no host/],
    [makeKey('', 1, 32), /no host/],
  ]
  for (const [text, reason] of bad) {
    test(`${JSON.stringify(text)} is refused`, () => {
      const result = parseGosumdb(text)
      if (result.kind !== 'problem') throw new Error(`accepted as ${result.kind}`)
      expect(result.reason).toMatch(reason)
      expect(result.fix).not.toBe('')
    })
  }

  test('a key with one changed character is never accepted', () => {
    fc.assert(
      fc.property(fc.nat(ownKey.length - 1), fc.constantFrom('a', 'B', '7', '/'), (at, char) => {
        fc.pre(ownKey[at]?.toLowerCase() !== char.toLowerCase())
        expect(parseGosumdb(ownKey.slice(0, at) + char + ownKey.slice(at + 1)).kind).toBe('problem')
      }),
    )
  })

  test('any text gives an answer', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(['off', 'database', 'problem']).toContain(parseGosumdb(text).kind)
      }),
    )
  })
})
