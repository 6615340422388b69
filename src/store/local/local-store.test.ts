import { cp, mkdtemp, readdir, readFile, rm, truncate, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Store, StoredObject } from '../store.ts'
import { describeStore, type StoreHarness } from '../store-contract.ts'
import { FaultyDisk } from './faulty-disk.ts'
import { hurriedClock } from './hurried-clock.ts'
import { type LocalStore, openLocalStore } from './local-store.ts'

async function localHarness(): Promise<StoreHarness> {
  const root = await mkdtemp(join(tmpdir(), 'posthaste-store-'))
  const faulty = new FaultyDisk()
  const opened: LocalStore[] = []
  let dataDir = join(root, 'data')
  const open = async (disk = faulty.disk): Promise<Store> => {
    const store = await openLocalStore({ dataDir, maxBytes: 64 << 20, clock: hurriedClock(), disk })
    opened.push(store)
    return store
  }
  return {
    open: () => open(),
    arm: (fault) => faulty.arm(fault),
    struck: () => faulty.struck > 0,
    async openAfterKill() {
      const copy = join(root, 'after-kill')
      await cp(dataDir, copy, { recursive: true })
      dataDir = copy
      return open(new FaultyDisk().disk)
    },
    damage: (object, how) => damage(dataDir, object, how),
    async spoilIndex(how) {
      const index = join(dataDir, 'index.sqlite')
      if (how === 'delete') await unlink(index)
      else await writeFile(index, Buffer.alloc(20_000, 'garbage '))
    },
    async settle(store) {
      for (const local of opened) if (local === store) await local.settle()
    },
    async [Symbol.asyncDispose]() {
      for (const store of opened) await store.close().catch(ignoreInjected)
      await rm(root, { recursive: true })
    },
  }
}

/** A store whose disk has "crashed" cannot close cleanly; anything else is a finding. */
function ignoreInjected(error: unknown): void {
  if (!String(error).includes('injected')) throw error
}

async function damage(dataDir: string, object: StoredObject, how: 'flip' | 'cut' | 'delete'): Promise<void> {
  if (object.body.kind === 'file') {
    const { path } = object.body
    if (how === 'delete') return unlink(path)
    if (how === 'cut') return truncate(path, object.sizeBytes - 1)
    const bytes = await readFile(path)
    bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1)
    return writeFile(path, bytes)
  }
  for (const name of await readdir(join(dataDir, 'packs'))) {
    const path = join(dataDir, 'packs', name)
    const bytes = await readFile(path)
    const at = bytes.indexOf(object.body.bytes)
    if (at === -1) continue
    bytes.writeUInt8(bytes.readUInt8(at + 10) ^ 1, at + 10)
    return writeFile(path, bytes)
  }
  throw new Error(`no pack holds ${object.key}`)
}

describeStore('local store', localHarness)
