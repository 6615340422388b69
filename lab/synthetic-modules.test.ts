import { expect, test } from 'bun:test'
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { h1, makeModule, modulePath } from './synthetic-modules.ts'
import { writeZip } from './zip-writer.ts'

const spec = { path: 'm.example/Lib', version: 'v1.2.3', sizeBytes: 40_000, files: 3 }

test('equal specs give equal bytes, another version other bytes', () => {
  expect(makeModule(spec).zip).toEqual(makeModule(spec).zip)
  expect(makeModule({ ...spec, version: 'v1.2.4' }).zipSum).not.toBe(makeModule(spec).zipSum)
})

test('a zip is about as large as asked', () => {
  const { zip } = makeModule(spec)
  expect(zip.length).toBeGreaterThan(40_000)
  expect(zip.length).toBeLessThan(42_000)
})

test('names are escaped as a GOPROXY wants them', () => {
  expect(modulePath('github.com/Azure/x', 'v1.0.0-RC1', 'zip')).toBe(
    'github.com/!azure/x/@v/v1.0.0-!r!c1.zip',
  )
})

test('a hash is what go.sum says of the same bytes', () => {
  const mod = Buffer.from('module github.com/davecgh/go-spew\n')
  expect(h1([{ name: 'go.mod', bytes: mod }])).toBe('h1:J7Y8YcW2NihsgmVo/mv3lAwl/skON4iLHjSsI+c5H38=')
})

test('the order of the files does not change the hash', () => {
  const files = [
    { name: 'a.go', bytes: Buffer.from('one') },
    { name: 'b.go', bytes: Buffer.from('two') },
  ]
  expect(h1(files)).toBe(h1([...files].reverse()))
})

test('another program reads the zip, stored and deflated', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'posthaste-zip-'))
  try {
    const file = join(folder, 'x.zip')
    await writeFile(
      file,
      writeZip([
        { name: 'a.txt', bytes: Buffer.from('stored'), method: 'stored' },
        { name: 'b/ü.txt', bytes: Buffer.from('deflated '.repeat(100)) },
      ]),
    )
    const script =
      'import sys,zipfile; z=zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; print({n: len(z.read(n)) for n in z.namelist()})'
    const printed = execFileSync('python3', ['-c', script, file], {
      encoding: 'utf8',
      env: { ...process.env, PYTHONIOENCODING: 'utf-8' },
    })
    expect(printed.trim()).toBe("{'a.txt': 6, 'b/ü.txt': 900}")
  } finally {
    await rm(folder, { recursive: true })
  }
})
