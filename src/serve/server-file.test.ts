import { expect, test } from 'bun:test'
import { readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { readServerFile, removeServerFile, writeServerFile } from './server-file.ts'

const server = { url: 'http://127.0.0.1:7678', pid: 42 }

test('what is written is read, by its owner only, and is gone when it is removed', async () => {
  await using folder = await temporaryFolder()
  await writeServerFile(folder.path, server)
  expect(await readServerFile(folder.path)).toEqual(server)
  expect((await stat(join(folder.path, 'server.json'))).mode & 0o777).toBe(0o600)
  await writeServerFile(folder.path, { ...server, pid: 43 })
  expect(await readServerFile(folder.path)).toEqual({ ...server, pid: 43 })
  await removeServerFile(folder.path)
  expect([await readServerFile(folder.path), await readdir(folder.path)]).toEqual([undefined, []])
  await removeServerFile(folder.path)
})

test.each([
  ['nothing', ''],
  ['half of it', '{"url": "http://127.0'],
  ['something else', '[]'],
  ['null', 'null'],
  ['no address', '{"pid": 1}'],
  ['no number', '{"url": "http://127.0.0.1:1", "pid": "1"}'],
])('%s names no server', async (_name, text) => {
  await using folder = await temporaryFolder()
  await writeFile(join(folder.path, 'server.json'), text)
  expect(await readServerFile(folder.path)).toBeUndefined()
})
