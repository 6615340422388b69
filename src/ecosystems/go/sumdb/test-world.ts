import type { HeadStore, RemoteAnswer, SecurityEvent } from './sumdb-ports.ts'
import { createTestDatabase, type TestDatabase } from './test-database.ts'
import { createSumdbVerifier } from './verifier.ts'

/** What the tests of the verifier share: a large database, and ports that stand for network and disk. */

export const NAME = 'sum.example'
export const MODULE = 'mod.example/Big/Thing'
export const signal = new AbortController().signal

function database(size = 70_000): TestDatabase {
  const made = createTestDatabase({ name: NAME })
  made.grow(300)
  made.add({ module: MODULE, version: 'v1.0.0', mod: 'h1:mod', zip: 'h1:zip' })
  made.grow(size - made.size)
  return made
}

/** Built once: tests that change a database work on a fork of it. */
export const large = database()

export interface World {
  /** What stands for the network; each test puts its fault here. */
  read: (path: string) => Promise<RemoteAnswer>
  readonly asked: string[]
  readonly events: SecurityEvent[]
  readonly troubles: string[]
  readonly tiles: Map<string, Uint8Array>
  head: string | undefined
  readonly verifier: () => ReturnType<typeof createSumdbVerifier>
}

export async function honest(from: TestDatabase, path: string): Promise<RemoteAnswer> {
  const bytes = await from.read(path)
  return bytes === undefined ? { kind: 'missing', text: 'not found' } : { kind: 'bytes', bytes }
}

export function world(from: TestDatabase = large, store?: Partial<HeadStore>): World {
  const made: World = {
    read: (path) => honest(from, path),
    asked: [],
    events: [],
    troubles: [],
    tiles: new Map(),
    head: undefined,
    verifier: () =>
      createSumdbVerifier({
        name: NAME,
        key: from.key,
        remote: {
          read(path) {
            made.asked.push(path)
            return made.read(path)
          },
        },
        tiles: {
          get: (path) => made.tiles.get(path),
          put: (path, bytes) => void made.tiles.set(path, bytes),
        },
        head: {
          read: async () => made.head,
          async swap(expected, next) {
            if (made.head !== expected) return false
            made.head = next
            return true
          },
          ...store,
        },
        onSecurity: (event) => made.events.push(event),
        onTrouble: (detail) => made.troubles.push(detail),
      }),
  }
  return made
}

/** Changes bytes of the honest answer to paths that begin so. */
export function corrupt(w: World, start: string, change: (bytes: Buffer) => Uint8Array): void {
  const before = w.read
  w.read = async (path) => {
    const answer = await before(path)
    if (answer.kind !== 'bytes' || !path.startsWith(start)) return answer
    return { ...answer, bytes: change(Buffer.from(answer.bytes)) }
  }
}

export const flip = (bytes: Buffer): Buffer => {
  bytes[7] = (bytes[7] ?? 0) ^ 1
  return bytes
}
