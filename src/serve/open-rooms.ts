import { readTextFile } from '../config/read-text-file.ts'
import type { Toolchains } from '../config/resolve-config.ts'
import type { ZipProver } from '../ecosystems/go/zip/zip-prover.ts'
import { shippedGo } from '../mirrors/shipped-go.ts'
import type { Logger } from '../observe/log.ts'
import type { Store } from '../store/store.ts'
import type { Upstream } from '../upstream/upstream.ts'
import { goRoom } from './go-room.ts'
import { npmRoom } from './npm-room.ts'
import { pypiRoom } from './pypi-room.ts'
import type { RegistryPorts } from './registry-ports.ts'
import type { OpenRooms } from './rooms.ts'

export interface RoomParts {
  /** As they are known by now. */
  readonly toolchains: () => Partial<Toolchains>
  readonly store: Store
  readonly upstream: Upstream
  readonly zipProver: Pick<ZipProver, 'checkZip'>
  readonly registries: RegistryPorts
  readonly log: Logger
}

/** The list of ecosystems: one line for each. */
export async function openRooms(parts: RoomParts): Promise<OpenRooms> {
  const { registries, log } = parts
  const { go } = parts.toolchains()
  const goPorts = {
    store: parts.store,
    upstream: parts.upstream,
    checkZip: parts.zipProver.checkZip,
    databaseNames: go?.found ? (go.databaseNames ?? []) : [],
    originAddress: (await shippedGo(go, readTextFile)).origin?.url,
    now: Date.now,
    onSecurity: ({ kind, detail }: { kind: string; detail: string }) => {
      log.security(`checksum database: ${kind}`, { detail })
    },
    onTrouble: (detail: string) => log.warn('checksum database', { detail }),
    ...(go === undefined || go.found ? {} : { notFound: go.reason }),
    notes: go?.found ? go.notes : [],
  }
  const npmPorts = ({ npm }: Partial<Toolchains>) => ({
    ...registries,
    followsGuesses: true,
    ...(npm?.found ? { scopes: npm.scopes, originAddress: npm.originAddress, notes: npm.notes } : {}),
    notFound: npm?.found === false ? npm.reason : undefined,
  })
  const pypiPorts = ({ pip }: Partial<Toolchains>) => ({
    ...registries,
    originAddress: pip?.builtIn,
    notFound: pip?.reason,
    notes: pip?.notes ?? [],
  })
  return (config, origins) => [
    goRoom(config, origins, goPorts),
    npmRoom(config, origins, npmPorts(parts.toolchains())),
    pypiRoom(config, origins, pypiPorts(parts.toolchains())),
  ]
}
