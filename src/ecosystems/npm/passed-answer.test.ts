import { describe, expect, test } from 'bun:test'
import { gzipSync } from 'node:zlib'
import { auditAnswer, passedMetadata, plainJson } from './passed-answer.ts'
import type { AuditForm } from './request-path.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const textOf = (body: Uint8Array) => Buffer.from(body).toString()

describe('an answer to an audit', () => {
  const fine: readonly [form: AuditForm, answer: string][] = [
    ['bulk', '{}'],
    ['bulk', '{"a":[{"id":1}]}'],
    ['quick', '{"advisories":{},"metadata":{}}'],
    ['full', '{"actions":[],"advisories":{"1":{}}}'],
  ]
  for (const [form, answer] of fine) {
    test(`${form} ${answer} goes on, compressed without saying so or not`, () => {
      expect(textOf(auditAnswer(bytes(answer), form))).toBe(answer)
      expect(textOf(auditAnswer(gzipSync(answer), form))).toBe(answer)
    })
  }

  const wrong: readonly [form: AuditForm, answer: string | Uint8Array][] = [
    ['bulk', ''],
    ['bulk', 'null'],
    ['bulk', '[]'],
    ['bulk', '{"error":"try later"}'],
    ['bulk', '{"a":[{"id":1}]'],
    ['bulk', gzipSync('{}').subarray(0, 12)],
    ['quick', '{}'],
    ['full', '{"message":"try later"}'],
    ['full', '{"advisories":null}'],
  ]
  for (const [form, answer] of wrong) {
    test(`${form} ${textOf(Buffer.from(answer)).replace(/[^ -~]/g, '.')} is no clean bill`, () => {
      expect(() => auditAnswer(Buffer.from(answer), form)).toThrow(/^it /)
    })
  }

  test('is bounded when it is decompressed', () => {
    expect(() => plainJson(gzipSync(Buffer.alloc(65 * 1024 * 1024, 0x20)))).toThrow('too large')
  })
})

describe("metadata that a client's own token opened", () => {
  const passedFor = { name: '@corp/a', base: 'http://127.0.0.1:7679' }
  const here = 'http://127.0.0.1:7679/@corp/a/-/a-1.0.0.tgz'
  const table: readonly [dist: string, expected: string][] = [
    ['{"tarball":"https://c.example/@corp/a/-/a-1.0.0.tgz"}', `{"tarball":"${here}"}`],
    ['{"tarball":"https://c.example/npm/@corp%2fa/-/a-1.0.0.tgz"}', `{"tarball":"${here}"}`],
    ['{"tarball":"https://c.example/x/a-1.0.0.tgz"}', '{"tarball":"https://c.example/x/a-1.0.0.tgz"}'],
    [
      '{"tarball":"https://c.example/@corp/b/-/b-1.0.0.tgz"}',
      '{"tarball":"https://c.example/@corp/b/-/b-1.0.0.tgz"}',
    ],
    [
      '{"tarball":"https://c.example/@corp/a/-/a-1.0.0.tgz?sig=1"}',
      '{"tarball":"https://c.example/@corp/a/-/a-1.0.0.tgz?sig=1"}',
    ],
    [
      '{"tarball":"https://c.example/@corp/a/-/a-1.0.0.tgz","unpackedSize":99000000}',
      '{"tarball":"https://c.example/@corp/a/-/a-1.0.0.tgz","unpackedSize":99000000}',
    ],
    ['{"tarball":5,"integrity":"x"}', '{"tarball":5,"integrity":"x"}'],
    ['null', 'null'],
  ]
  for (const [dist, expected] of table) {
    test(`${dist} becomes ${expected}, and nothing else changes`, () => {
      const manifest = (text: string) => `{"name":"@corp/a", "n":1.0, "dist":${text}}`
      expect(textOf(passedMetadata(bytes(manifest(dist)), passedFor))).toBe(manifest(expected))
      const packument = (text: string) => `{"versions":{"1.0.0":${manifest(text)}}, "dist-tags":{}}`
      expect(textOf(passedMetadata(bytes(packument(dist)), passedFor))).toBe(packument(expected))
    })
  }

  test('that is no JSON goes no further', () => {
    expect(() => passedMetadata(bytes('<html>'), passedFor)).toThrow('no JSON')
  })
})
