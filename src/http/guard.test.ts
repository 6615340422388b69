import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { type AdminPolicy, type AdminRequest, admit } from './guard.ts'

const local: AdminRequest = {
  method: 'GET',
  peer: '127.0.0.1',
  host: '127.0.0.1:7678',
  origin: null,
  authorization: null,
}
const remote: AdminRequest = { ...local, peer: '10.0.0.9', host: 'build.example:7678' }
const reading: AdminPolicy = { token: 's3cret', changes: false }
const changing: AdminPolicy = { token: 's3cret', changes: true }

const status = (request: AdminRequest, policy: AdminPolicy = reading): number => {
  const admission = admit(request, policy)
  return admission.allowed ? 200 : admission.status
}

describe('a peer on this machine', () => {
  test.each(['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1', '::ffff:7f00:1'])(
    'passes as %s',
    (peer) => {
      expect(status({ ...local, peer })).toBe(200)
    },
  )
  test.each(['127.0.0.1', 'localhost:7678', 'LOCALHOST', '[::1]:7678', '127.0.0.1:1'])(
    'passes with Host %s',
    (host) => {
      expect(status({ ...local, host })).toBe(200)
    },
  )
  test.each([
    null,
    '',
    'evil.example:7678',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    'build.example',
    '0.0.0.0:7678',
    'localhost@evil.example',
  ])('is refused with Host %s (DNS rebinding)', (host) => {
    expect(status({ ...local, host })).toBe(403)
  })
  test('passes with a name that the configuration adds', () => {
    expect(status({ ...local, host: 'Build.example:7678' }, { ...reading, hosts: ['build.example'] })).toBe(
      200,
    )
  })
  test('is not believed when a proxy speaks for somebody', () => {
    expect(status({ ...local, forwarded: true })).toBe(401)
    expect(status({ ...local, forwarded: true }, { ...reading, token: undefined })).toBe(403)
  })
})

describe('a peer elsewhere', () => {
  test.each(['10.0.0.9', '::ffff:10.0.0.9', '2001:db8::1', '', 'localhost'])(
    'needs the token as %j',
    (peer) => {
      expect(status({ ...remote, peer, host: 'localhost:7678' })).toBe(401)
    },
  )
  test.each([
    ['Bearer s3cret', 200],
    ['bearer s3cret', 200],
    ['Bearer  s3cret ', 200],
    ['Bearer S3cret', 401],
    ['Bearer s3cre', 401],
    ['Bearer s3cret2', 401],
    ['Bearer ', 401],
    ['Bearer', 401],
    ['Basic s3cret', 401],
    ['s3cret', 401],
    ['', 401],
  ])('Authorization %j → %i', (authorization, expected) => {
    expect(status({ ...remote, authorization })).toBe(expected)
  })
  test.each([undefined, ''])('never passes while the token is %j', (token) => {
    for (const authorization of [null, 'Bearer ', 'Bearer undefined']) {
      expect(status({ ...remote, authorization }, { ...reading, token })).toBe(403)
    }
  })
  test('is told how to answer', () => {
    const admission = admit(remote, reading)
    expect(admission).toMatchObject({
      allowed: false,
      headers: { 'www-authenticate': 'Bearer realm="posthaste"' },
    })
  })
})

test('a wrong token is refused on this machine too, and no reason holds it', () => {
  const admission = admit({ ...local, authorization: 'Bearer guessed' }, reading)
  expect(admission).toMatchObject({ allowed: false, status: 401 })
  expect(JSON.stringify(admission)).not.toMatch(/s3cret|guessed/)
})

describe('a page of another origin', () => {
  test.each([
    ['http://127.0.0.1:7678', 200],
    ['https://evil.example', 403],
    ['http://127.0.0.1:3000', 403],
    ['http://localhost:7678', 403],
    ['http://127.0.0.1', 403],
    ['null', 403],
    ['', 403],
    ['file://', 403],
    ['http://127.0.0.1:7678@evil.example', 403],
    ['ftp://127.0.0.1:7678', 403],
  ])('Origin %s → %i', (origin, expected) => {
    expect(status({ ...local, method: 'POST', origin }, changing)).toBe(expected)
  })
  test('is refused even with the token', () => {
    expect(status({ ...remote, origin: 'https://evil.example', authorization: 'Bearer s3cret' })).toBe(403)
  })
  test('knows the usual ports', () => {
    const post = { ...local, method: 'POST', host: 'localhost' }
    expect(status({ ...post, origin: 'http://localhost:80' }, changing)).toBe(200)
    expect(status({ ...post, host: 'localhost:443', origin: 'https://localhost' }, changing)).toBe(200)
  })
  test.each([
    ['same-origin', 200],
    ['none', 200],
    ['same-site', 403],
    ['cross-site', 403],
  ])('Sec-Fetch-Site %s without Origin → %i', (fetchSite, expected) => {
    expect(status({ ...local, fetchSite })).toBe(expected)
  })
})

describe('methods', () => {
  test.each([
    ['GET', 200, 405],
    ['HEAD', 200, 405],
    ['POST', 405, 200],
    ['DELETE', 405, 200],
    ['PUT', 405, 405],
    ['OPTIONS', 405, 405],
    ['get', 405, 405],
  ])('%s: reading %i, changing %i', (method, reads, changes) => {
    expect(status({ ...local, method }, reading)).toBe(reads)
    expect(status({ ...local, method }, changing)).toBe(changes)
  })
  test('a refusal says what is allowed', () => {
    expect(admit(local, changing)).toMatchObject({ status: 405, headers: { allow: 'POST, DELETE' } })
  })
})

test('property: from elsewhere nothing but the token itself is let in', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.string(), (host, authorization, peer) => {
      fc.pre(!/^(127\.|::1|::ffff:7f)/i.test(peer) && !/^bearer +s3cret *$/i.test(authorization))
      expect(status({ ...remote, host, authorization, peer })).not.toBe(200)
    }),
  )
})
