import type { Config } from '../config/schema.ts'
import { createNpmForesight } from '../ecosystems/npm/foresight.ts'
import { createNpmEcosystem } from '../ecosystems/npm/npm-ecosystem.ts'
import { NpmResources } from '../ecosystems/npm/npm-resources.ts'
import { publicRoute } from '../ecosystems/npm/npm-route.ts'
import { privateRefusal } from '../ecosystems/npm/refusals.ts'
import { tokenOf } from '../http/private-access.ts'
import { npmSources, type ScopeRegistry } from '../sources/npm-lists.ts'
import { npmMetadata } from './npm-room-metadata.ts'
import type { RegistryPorts } from './registry-ports.ts'
import type { Room } from './room.ts'

export interface NpmRoomPorts extends Pick<RegistryPorts, 'ask' | 'refresh' | 'view' | 'check' | 'now'> {
  /** Scopes with registries of their own, as the toolchain has them. */
  readonly scopes?: readonly ScopeRegistry[]
  /** The registry that all others copy from, as the toolchain brings it along. */
  readonly originAddress?: string | undefined
  /** True where a fetch asks again for the place of a body when a guess was wrong. @default false */
  readonly followsGuesses?: boolean
  /** Why the toolchain could not be asked for its settings, when it could not. */
  readonly notFound?: string | undefined
  /** What was left out or replaced in the toolchain's settings, for people. */
  readonly notes?: readonly string[]
}

/** npm's packages as they are configured right now: the adapter, its proofs and its sources. */
export function npmRoom(
  config: Config,
  origins: Readonly<Record<string, string>>,
  ports: NpmRoomPorts,
): Room {
  const { npm, access, admin } = config
  const { lists, route, accounts, patternOf } = npmSources(config, origins, ports.scopes, ports.originAddress)
  const metadata = npmMetadata({
    ports,
    resources: () => resources,
    route,
    lists,
    followsGuesses: ports.followsGuesses ?? false,
  })
  const options = {
    ttl: npm.ttl,
    tarballs: metadata,
    check: (
      name: string,
      body: Parameters<typeof ports.check>[1],
      params: Readonly<Record<string, string>>,
    ) => ports.check(name, body, params),
  }
  const resources = new NpmResources(options)
  const foresight = createNpmForesight({
    resources,
    route,
    formOf: metadata.formOf,
    now: () => ports.now(),
  })
  const ours = new Set([...access.tokens, ...(admin.token === undefined ? [] : [admin.token])])
  const ecosystem = createNpmEcosystem({
    ...options,
    route,
    accounts,
    isOwnToken: (authorization) => ours.has(tokenOf(authorization) ?? ''),
    written: (name) => {
      const way = route(name)
      // Without the client's own token nothing could be read.
      if (way.passesTokens) return
      for (const resource of [resources.packument(name, way), resources.abbreviated(name, way)]) {
        // Whoever asks next learns of a failure.
        ports.refresh(resource).catch(() => undefined)
      }
    },
    locked: foresight.locked,
    formAsked: (name, form, readsDates) => {
      metadata.formAsked(name, form)
      if (readsDates) foresight.datesWanted()
    },
    foresight,
  })
  const foundIn = origins['npm.upstream'] ?? 'default'
  const privateLists = Object.keys(lists).filter(
    (name) => name.startsWith('npm-scope-') && !name.endsWith('-writes'),
  )
  return {
    ecosystem,
    lists,
    gate: (name) => {
      const way = route(name)
      return way.isPrivate && lists[way.sources] === undefined
        ? privateRefusal(name, patternOf(name) ?? name)
        : undefined
    },
    client: { line: (base) => `npm config set registry ${base}/`, undo: 'npm config delete registry' },
    status: { upstream: npm.upstream },
    told: [
      [
        'npm',
        npm.upstream.length === 0
          ? `no source: ${ports.notFound ?? 'nothing is configured'}; set npm.upstream or POSTHASTE_NPM_UPSTREAM`
          : `${lists[publicRoute.sources]?.map(({ id }) => id).join(' ')}  (${foundIn})`,
      ],
      ...privateLists.map(
        (name) => ['', `${name.slice('npm-scope-'.length)} → ${lists[name]?.[0]?.id}`] as const,
      ),
      ...(ports.notes ?? []).map((note) => ['', note] as const),
    ],
  }
}
