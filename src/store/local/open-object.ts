import type { StoredObject } from '../store.ts'
import type { BlobFiles } from './blob-files.ts'
import type { LocalParts } from './local-parts.ts'
import type { LiveRecord } from './pack-record.ts'

/**
 * The object that an entry stands for, with its body at hand. Undefined when it is of another key, or damaged:
 * then it is forgotten at once, and put aside meanwhile.
 */
export function openObject(parts: LocalParts, id: number, key: string): StoredObject | undefined {
  const { catalog, disk, blobs } = parts
  const record = catalog.read(id)
  if (!record) {
    parts.putAside.damagedOnTheWay(id, 'its record is damaged', key)
    return undefined
  }
  // Another key with the same hash of 64 bits.
  if (record.head.key !== key) return undefined
  if (record.kind === 'blob') {
    const found = disk.sizeNow(blobs.path(record.head.sha256))
    if (found !== record.head.sizeBytes) {
      const problem =
        found === undefined ? 'is missing' : `has ${found} bytes instead of ${record.head.sizeBytes}`
      parts.putAside.damagedOnTheWay(id, `its file ${problem}`, key)
      return undefined
    }
  }
  return objectOf(record, blobs)
}

/** What a record says, as the store tells it. */
export function objectOf(record: LiveRecord, blobs: BlobFiles): StoredObject {
  const { key, sha256, sizeBytes, meta } = record.head
  if (record.kind === 'body') {
    return { key, sha256, sizeBytes, meta, body: { kind: 'bytes', bytes: record.body } }
  }
  return { key, sha256, sizeBytes, meta, body: { kind: 'file', path: blobs.path(sha256) } }
}
