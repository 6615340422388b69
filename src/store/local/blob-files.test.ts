import { expect, test } from 'bun:test'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { temporaryFolder } from '../../testing/temporary-folder.ts'
import { BlobFiles } from './blob-files.ts'
import { nodeDisk } from './disk.ts'
import { hurriedClock } from './hurried-clock.ts'

test('files that cannot be removed are told once, count as used room, and go when they can', async () => {
  await using folder = await temporaryFolder()
  let stuck = true
  const told: string[] = []
  const blobs = new BlobFiles({
    disk: {
      ...nodeDisk,
      unlink: (path) => (stuck ? Promise.reject(new Error('EACCES')) : nodeDisk.unlink(path)),
    },
    clock: hurriedClock(),
    folder: folder.path,
    stillUsed: () => Promise.resolve(false),
    log: (line) => told.push(line),
  })
  const digests = ['a', 'b'].map((letter) => letter.repeat(64))
  for (const sha256 of digests) {
    await mkdir(dirname(blobs.path(sha256)), { recursive: true })
    await writeFile(blobs.path(sha256), 'body')
    blobs.release(sha256, 4)
  }
  await blobs.settle()
  blobs.retry()
  await blobs.settle()
  expect(told).toEqual([`cannot remove ${blobs.path(digests[0] ?? '')}: Error: EACCES`])
  expect(blobs.dyingBytes).toBe(8)

  stuck = false
  blobs.retry()
  await blobs.settle()
  expect(blobs.dyingBytes).toBe(0)
  for (const sha256 of digests) expect(await nodeDisk.size(blobs.path(sha256))).toBeUndefined()
  await blobs.close()
})
