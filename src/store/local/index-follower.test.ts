import { expect, test } from 'bun:test'
import { systemClock } from './clock.ts'
import { IndexDb } from './index-db.ts'
import { IndexFollower } from './index-follower.ts'

/** An index on a disk that takes nothing, until `failure` is taken away. */
class UnwritableDb extends IndexDb {
  failure: Error | undefined = new Error('database or disk is full')

  override write(...change: Parameters<IndexDb['write']>): void {
    if (this.failure !== undefined) throw this.failure
    super.write(...change)
  }
}

test('an index that cannot be written is told once, and written when it can be', async () => {
  const db = new UnwritableDb(':memory:')
  const told: unknown[] = []
  const follower = new IndexFollower({
    db,
    clock: systemClock,
    totals: () => ({ objects: 1, unproved: 0, blobBytes: 0 }),
    onError: (error) => told.push(error),
    onFlush: () => undefined,
  })
  const place = { pack: 1, offset: 0 }
  const row = {
    key: 'a',
    ...place,
    length: 10,
    sizeBytes: 4,
    proof: 'proved' as const,
    sha256: undefined,
    usedSeconds: 1,
    hits: 0,
  }
  follower.put(row, place)
  await follower.flush()
  await follower.flush()
  expect(told).toEqual([db.failure])
  expect(follower.failure).toBe(db.failure)

  db.failure = undefined
  await follower.flush()
  expect(follower.failure).toBeUndefined()
  expect(follower.find('a')).toMatchObject({ key: 'a', sizeBytes: 4 })
  await follower.close()
})
