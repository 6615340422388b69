import { expect } from 'bun:test'
import type { ClientCase } from './client-case.ts'
import type { RegistryClient } from './registry-client.ts'
import { freePort, type RegistryScene, registryOf } from './registry-scene.ts'

export const lockCases: readonly ClientCase[] = [
  {
    id: 'lock',
    title: 'the lock file is the one that a direct install makes, and installs again',
    excused: withoutLock,
    run: async (at) => comparesLocks(at, registryOf(at.client, await at.serve())),
  },
  {
    id: 'lock-root',
    title: 'the same at a port of its own, where the registry stands at the root',
    excused: (client) => (client.ecosystem === 'go' ? 'has no port of its own' : withoutLock(client)),
    run: async (at) => comparesLocks(at, await atRoot(at)),
  },
  {
    id: 'lock-canonical',
    title: 'a lock file with canonical addresses installs at a port of its own, and stays byte for byte',
    excused: withoutCanonical,
    run: async (at) => keepsCanonical(at, await atRoot(at)),
  },
  {
    id: 'lock-canonical-path',
    title: 'a lock file with canonical addresses installs under /npm/, and stays byte for byte',
    excused: (client) =>
      withoutCanonical(client) ?? (client.mendsPrefix ? undefined : 'drops the path of the registry'),
    run: async (at) => keepsCanonical(at, registryOf(at.client, await at.serve())),
  },
]

function withoutLock({ lockFiles }: RegistryClient): string | undefined {
  return lockFiles.length === 0 ? 'keeps no lock file' : undefined
}

function withoutCanonical({ canonical }: RegistryClient): string | undefined {
  return canonical === undefined ? 'never puts another address in place of a recorded one' : undefined
}

async function atRoot(at: RegistryScene): Promise<string> {
  const { ecosystem } = at.client
  const listen = `127.0.0.1:${await freePort()}`
  await at.serve({ env: { [`POSTHASTE_${ecosystem.toUpperCase()}_LISTEN`]: listen } })
  return `http://${listen}${ecosystem === 'npm' ? '' : '/simple'}`
}

async function comparesLocks(at: RegistryScene, registry: string): Promise<string> {
  const { lockAddresses, lockHash } = at.client
  const direct = await at.run({ registry: at.upstream.address })
  const through = await at.run({ registry })
  expect(direct).toMatchObject({ code: 0 })
  expect(through).toMatchObject({ code: 0 })
  expect(through.lock).not.toBe('')
  const locked = await at.run({ registry, lock: through.lock })
  expect(locked).toMatchObject({ code: 0, lock: through.lock, installed: through.installed })
  if (through.lock === direct.lock) return 'byte for byte'
  expect(lockAddresses).not.toBe('none')
  const neutral = (text: string, base: string) => {
    const hashless = lockHash === undefined ? text : text.replace(lockHash.pattern, '')
    return lockAddresses === 'base'
      ? hashless.replaceAll(base, 'http://registry.example')
      : hashless.replaceAll(/https?:\/\/127\.0\.0\.1:\d+[^"\s]*\/(?=[^/"\s])/g, '')
  }
  expect(neutral(through.lock, registry)).toBe(neutral(direct.lock, at.upstream.address))
  const but = lockAddresses === 'base' ? 'the base address' : "files' addresses"
  return `equal but for ${but}${lockHash === undefined ? '' : ` and ${lockHash.shown}`}`
}

async function keepsCanonical(at: RegistryScene, registry: string): Promise<string> {
  const { canonical } = at.client
  if (canonical === undefined) throw new Error(`${at.client.id} knows no canonical address`)
  const direct = await at.run({ registry: at.upstream.address })
  const lock = direct.lock.replaceAll(at.upstream.address, `http://${canonical.host}`)
  expect(lock).not.toBe(direct.lock)
  const { env } = canonical
  const frozen = await at.run({ registry, lock, env })
  expect(frozen).toMatchObject({ code: 0, lock, installed: direct.installed })
  const again = await at.run({ registry, lock, env, args: at.client.install })
  expect(again).toMatchObject({ code: 0, lock, installed: direct.installed })
  return 'byte for byte'
}
