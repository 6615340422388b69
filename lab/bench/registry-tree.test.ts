import { expect, test } from 'bun:test'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { makeNpmTree, makePypiTree } from './registry-tree.ts'

const url = 'http://registry.example'

test('a tarball is what tar reads and what the packument and the lock say', () => {
  const tree = makeNpmTree(60, url)
  const lock = JSON.parse(tree.project('http://other.example')['package-lock.json'] ?? '')
  expect(Object.keys(lock.packages)).toHaveLength(61)
  const { resolved, integrity } = lock.packages['node_modules/part7']
  expect(resolved).toBe('http://other.example/part7/-/part7-1.29.0.tgz')
  const tarball = tree.content('part7/-/part7-1.29.0.tgz', '*/*')?.bytes ?? new Uint8Array()
  expect(`sha512-${createHash('sha512').update(tarball).digest('base64')}`).toBe(integrity)
  const listed = execFileSync('tar', ['tzf', '-'], { input: tarball }).toString()
  expect(listed).toBe('package/package.json\npackage/data.bin\n')
  const packument = JSON.parse(Buffer.from(tree.content('part7', '*/*')?.bytes ?? []).toString())
  expect(packument.versions['1.29.0'].dist).toEqual({ integrity, tarball: `${url}/part7/-/part7-1.29.0.tgz` })
})

test('a wheel lies where its page says, with its metadata beside it', () => {
  const tree = makePypiTree(20, url)
  const page = JSON.parse(Buffer.from(tree.content('simple/part3/', '')?.bytes ?? []).toString())
  const newest = page.files.at(-1)
  const path = newest.url.slice(url.length + 1)
  const wheel = tree.content(path, '')?.bytes ?? new Uint8Array()
  expect(createHash('sha256').update(wheel).digest('hex')).toBe(newest.hashes.sha256)
  const metadata = Buffer.from(tree.content(`${path}.metadata`, '')?.bytes ?? [])
  expect(createHash('sha256').update(metadata).digest('hex')).toBe(newest['core-metadata'].sha256)
  expect(metadata.toString()).toStartWith('Metadata-Version: 2.1\nName: part3\n')
})

test('levels are the longest way down, each below the one before', () => {
  expect(makePypiTree(8, url).levels).toBe(1)
  expect(makePypiTree(60, url).levels).toBeGreaterThan(2)
})
