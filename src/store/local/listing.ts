import type { ListFilter, ObjectSummary } from '../store.ts'
import type { Catalog } from './catalog.ts'
import { field } from './key-table.ts'

/** The index gives the order, the table decides, the records give the rest. */
export async function* listObjects(catalog: Catalog, filter: ListFilter): AsyncGenerator<ObjectSummary> {
  await catalog.drain()
  await catalog.index.flush()
  let left = filter.limit ?? Number.POSITIVE_INFINITY
  for (let after = filter.after ?? ''; left > 0; ) {
    const rows = catalog.index.db.list({ ...filter, after }, pageRows)
    for (const { key } of rows) {
      after = key
      const id = catalog.locate(key)
      const record = id === 0 ? undefined : catalog.read(id)
      if (record?.head.key !== key) continue
      yield { ...record.head, lastUsedAtMs: catalog.table.get(id, field.used) * 1000 }
      if (--left <= 0) return
    }
    if (rows.length < pageRows) return
  }
}

const pageRows = 256
