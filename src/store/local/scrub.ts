import { createHash } from 'node:crypto'
import type { VerifyFinding, VerifySummary } from '../store.ts'
import type { BlobFiles } from './blob-files.ts'
import type { Catalog } from './catalog.ts'
import type { Clock } from './clock.ts'
import type { Disk } from './disk.ts'

export interface ScrubParts {
  readonly disk: Disk
  readonly clock: Clock
  readonly catalog: Catalog
  readonly blobs: BlobFiles
  /** Puts the object aside; the key as far as it is known. */
  readonly damaged: (id: number, problem: string) => Promise<VerifyFinding>
}

/** Reads every record and every blob and compares them with their checksums. */
export async function scrub(
  parts: ScrubParts,
  pace: { bytesPerSecond: number | undefined; signal: AbortSignal },
): Promise<VerifySummary> {
  const { catalog, clock } = parts
  const findings: VerifyFinding[] = []
  let objects = 0
  let bytes = 0
  let sinceRest = 0
  for (let id = 1; id < catalog.table.end && !pace.signal.aborted; id++) {
    if (!catalog.table.has(id)) continue
    const problem = await problemOf(parts, id, pace.signal)
    if (pace.signal.aborted || !catalog.table.has(id)) continue
    if (problem.text !== undefined) findings.push(await parts.damaged(id, problem.text))
    objects++
    bytes += problem.readBytes
    sinceRest += problem.readBytes
    if (sinceRest < restBytes) continue
    if (pace.bytesPerSecond !== undefined)
      await clock.delay((sinceRest / pace.bytesPerSecond) * 1000, pace.signal)
    else await new Promise((resolve) => setImmediate(resolve))
    sinceRest = 0
  }
  return { objects, bytes, findings }
}

async function problemOf(
  parts: ScrubParts,
  id: number,
  signal: AbortSignal,
): Promise<{ text: string | undefined; readBytes: number }> {
  const record = parts.catalog.read(id)
  if (!record) return { text: 'its record is damaged', readBytes: 0 }
  const { sha256, sizeBytes } = record.head
  if (record.kind === 'body') {
    const good = createHash('sha256').update(record.body).digest('hex') === sha256
    return { text: good ? undefined : 'its bytes do not match their checksum', readBytes: record.body.length }
  }
  using _ = parts.blobs.pin(sha256)
  const path = parts.blobs.path(sha256)
  const found = await parts.disk.size(path)
  if (found === undefined) return { text: 'its file is missing', readBytes: 0 }
  if (found !== sizeBytes)
    return { text: `its file has ${found} bytes instead of ${sizeBytes}`, readBytes: 0 }
  const text =
    (await hashFile(parts.disk, path, signal)) === sha256 ? undefined : 'its file does not match its checksum'
  return { text, readBytes: found }
}

async function hashFile(disk: Disk, path: string, signal: AbortSignal): Promise<string | undefined> {
  const fd = await disk.open(path, 'r')
  try {
    const hash = createHash('sha256')
    const chunk = Buffer.allocUnsafeSlow(chunkBytes)
    for (let at = 0; !signal.aborted; ) {
      const count = await disk.read(fd, chunk, at)
      hash.update(chunk.subarray(0, count))
      at += count
      if (count < chunk.length) return hash.digest('hex')
    }
    return undefined
  } finally {
    await disk.close(fd)
  }
}

const chunkBytes = 1 << 18
const restBytes = 1 << 20
