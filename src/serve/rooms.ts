import type { Config } from '../config/schema.ts'
import type { Ecosystem, EcosystemId, Refusal, Resource } from '../ecosystems/ecosystem.ts'
import type { SourceList } from '../upstream/source-list.ts'
import { isMarkerName } from '../verify/marker.ts'
import type { Room } from './room.ts'

/** Opens every ecosystem's room by the settings. */
export type OpenRooms = (config: Config, origins: Readonly<Record<string, string>>) => readonly Room[]

/** The ecosystems in force. */
export class Rooms {
  readonly #open: OpenRooms
  #rooms: readonly Room[]
  #byId: ReadonlyMap<EcosystemId, Room>
  #hosts: ReadonlyMap<string, EcosystemId>

  constructor(open: OpenRooms, config: Config, origins: Readonly<Record<string, string>>) {
    this.#open = open
    this.#rooms = open(config, origins)
    this.#byId = byId(this.#rooms)
    this.#hosts = hostsOf(config)
  }

  configure(config: Config, origins: Readonly<Record<string, string>>): void {
    this.#rooms = this.#open(config, origins)
    this.#byId = byId(this.#rooms)
    this.#hosts = hostsOf(config)
  }

  all(): readonly Room[] {
    return this.#rooms
  }

  ecosystems(): readonly Ecosystem[] {
    return this.#rooms.map(({ ecosystem }) => ecosystem)
  }

  ecosystem(id: EcosystemId): Ecosystem | undefined {
    return this.#byId.get(id)?.ecosystem
  }

  lists(): Readonly<Record<string, SourceList>> {
    return Object.assign({}, ...this.#rooms.map(({ lists }) => lists))
  }

  gate(id: EcosystemId, name: string): Refusal | undefined {
    if (isMarkerName(name)) return MARKER_REFUSAL
    return this.#byId.get(id)?.gate(name)
  }

  /** Host names that one ecosystem has to itself. */
  hosts(): ReadonlyMap<string, EcosystemId> {
    return this.#hosts
  }

  /** What a kept key stands for, if it may still be asked for. */
  resourceOf(key: string): Resource | undefined {
    for (const { ecosystem, gate } of this.#rooms) {
      if (!key.startsWith(`${ecosystem.id}/`)) continue
      const asked = ecosystem.parse(key.slice(ecosystem.id.length))
      return asked.kind === 'resource' && gate(asked.resource.name) === undefined ? asked.resource : undefined
    }
    return undefined
  }
}

/** No source is asked for what no source can have. */
const MARKER_REFUSAL: Refusal = {
  kind: 'not-found',
  reason: "this name is a marker of 'posthaste verify', and no package",
  hint: 'nothing is to be done: the request arrived, which is what it was for',
}

function byId(rooms: readonly Room[]): ReadonlyMap<EcosystemId, Room> {
  return new Map(rooms.map((room) => [room.ecosystem.id, room]))
}

/** The registries that can have a host name or an address of their own. */
export const REGISTRIES = ['npm', 'pypi'] as const satisfies readonly EcosystemId[]

function hostsOf(config: Config): ReadonlyMap<string, EcosystemId> {
  return new Map(REGISTRIES.flatMap((id) => (config[id].host === undefined ? [] : [[config[id].host, id]])))
}
