import type { VerifyFinding } from '../store.ts'
import type { BlobFiles } from './blob-files.ts'
import type { Catalog } from './catalog.ts'
import type { Disk } from './disk.ts'
import type { LiveRecord } from './pack-record.ts'
import type { Quarantine } from './quarantine.ts'

export interface PutAsideParts {
  readonly catalog: Catalog
  readonly blobs: BlobFiles
  readonly quarantine: Quarantine
  readonly disk: Disk
  readonly isReadOnly: boolean
  readonly onDamage: (damage: { readonly key: string; readonly problem: string }) => void
  readonly log: (line: string) => void
}

/** Takes damaged or false objects out of use and keeps what is left of them as evidence. */
export class PutAside {
  readonly #parts: PutAsideParts

  constructor(parts: PutAsideParts) {
    this.#parts = parts
  }

  /** Forgets a damaged object at once; the promise is for the rest. `knownKey` helps when its record is gone. */
  async damaged(id: number, problem: string, knownKey?: string): Promise<VerifyFinding> {
    const { catalog, isReadOnly, onDamage } = this.#parts
    const record = catalog.read(id)
    using _ = this.pin(record)
    const bytes = record ? undefined : catalog.readBytes(id)
    const place = catalog.place(id)
    catalog.unlist(id, record)
    const key = record?.head.key ?? knownKey ?? catalog.index.keyAt(place) ?? 'unknown'
    onDamage({ key, problem })
    if (isReadOnly) return { key, problem, action: 'reported' }
    await catalog.appendGone(key)
    const kept = await this.keep(record, bytes, { key, note: problem })
    return { key, problem, action: kept ? 'quarantined' : 'forgotten' }
  }

  /** The same for whoever cannot wait; a failure is logged. */
  damagedOnTheWay(id: number, problem: string, knownKey?: string): void {
    this.damaged(id, problem, knownKey).catch((error: unknown) =>
      this.#parts.log(`could not put aside ${knownKey ?? 'an object'} (${problem}): ${String(error)}`),
    )
  }

  /** Keeps an object's file from being removed before it is evidence: taken before the key is forgotten. */
  pin(record: LiveRecord | undefined): Disposable | undefined {
    return record?.kind === 'blob' ? this.#parts.blobs.pin(record.head.sha256) : undefined
  }

  /** Evidence into the quarantine; false when nothing is left of it. */
  async keep(
    record: LiveRecord | undefined,
    bytes: Buffer | undefined,
    note: { readonly key: string; readonly note: string },
  ): Promise<boolean> {
    const { quarantine, blobs, disk } = this.#parts
    const about = record ? { ...note, sha256: record.head.sha256 } : note
    if (record?.kind === 'blob') {
      const path = blobs.path(record.head.sha256)
      if ((await disk.size(path)) === undefined) return false
      await quarantine.keepFile(path, about)
      return true
    }
    const evidence = record?.body ?? bytes
    if (!evidence) return false
    await quarantine.keepBytes(evidence, about)
    return true
  }
}
