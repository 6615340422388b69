import type { Config } from '../config/schema.ts'
import type { Refusal } from '../ecosystems/ecosystem.ts'
import { createPypiForesight } from '../ecosystems/pypi/foresight.ts'
import { isProjectName, normalizeName, normalizePattern } from '../ecosystems/pypi/project-name.ts'
import { createPypiEcosystem, type PypiEcosystem } from '../ecosystems/pypi/pypi-ecosystem.ts'
import { PRIVATE_SOURCES, PYPI_SOURCES } from '../ecosystems/pypi/pypi-resources.ts'
import { privateRefusal } from '../ecosystems/pypi/refusals.ts'
import { compilePatterns } from '../policy/private-patterns.ts'
import { pypiLists } from '../sources/pypi-lists.ts'
import { pypiFiles } from './pypi-room-files.ts'
import type { RegistryPorts } from './registry-ports.ts'
import type { Room } from './room.ts'

export interface PypiRoomPorts extends Pick<RegistryPorts, 'ask' | 'refresh' | 'view' | 'check' | 'now'> {
  /** The index that all others copy from, as the toolchain brings it along. */
  readonly originAddress?: string | undefined
  /** Why the toolchain could not be asked for its settings, when it could not. */
  readonly notFound?: string | undefined
  /** What was left out, replaced or is dangerous in the toolchain's settings, for people. */
  readonly notes?: readonly string[]
}

/** Python packages as they are configured right now. */
export interface PypiRoom extends Room {
  readonly ecosystem: PypiEcosystem
}

/** Puts the PyPI adapter, its proofs and its sources together. */
export function pypiRoom(
  config: Config,
  origins: Readonly<Record<string, string>>,
  ports: PypiRoomPorts,
): PypiRoom {
  const { pypi } = config
  const lists = pypiLists(config, origins, ports.originAddress)
  const matches = compilePatterns(pypi.private.map(normalizePattern))
  const isPrivate = (name: string) => matches(isProjectName(name) ? normalizeName(name) : name)

  const files = pypiFiles({
    ports,
    pageOf: (project) => ecosystem.pageOf(project),
    pageAt: (project, source) => ecosystem.pageAt(project, source),
    filesOf: (page) => ecosystem.filesOf(page),
    fileOf: (file) => ecosystem.fileOf(file),
    sources: (hidden) => lists[hidden ? PRIVATE_SOURCES : PYPI_SOURCES] ?? [],
  })
  const ecosystem: PypiEcosystem = createPypiEcosystem({
    ttl: pypi.ttl,
    isPrivate,
    forwardsPrivate: pypi.privateUpstream.length > 0 && !hasCredentials(config),
    locatorOf: (file) => files.locator(file),
    proveFile: (file) => files.prove(file),
    proveForm: (name, params) => ({ check: (body) => ports.check(name, body, params) }),
  })

  const foresight = createPypiForesight({ ecosystem, now: ports.now })

  const gate = (name: string): Refusal | undefined => {
    if (!isPrivate(name) || pypi.privateUpstream.length > 0) return undefined
    const pattern = pypi.private.find((one) => compilePatterns([normalizePattern(one)])(normalizeName(name)))
    return privateRefusal(name, pattern ?? name)
  }
  const foundIn = origins['pypi.upstream'] ?? 'default'
  return {
    ecosystem: {
      ...ecosystem,
      foresight,
      parse(path, asking) {
        const userAgent = asking?.header('user-agent')
        if (userAgent !== undefined) foresight.sawClient(userAgent)
        return ecosystem.parse(path, asking)
      },
    },
    lists,
    gate,
    client: {
      line: (base) => `pip config set global.index-url ${base}/simple/`,
      undo: 'pip config unset global.index-url',
    },
    status: { upstream: lists[PYPI_SOURCES]?.map(({ id }) => id) ?? [] },
    told: [
      [
        'pypi',
        pypi.upstream.length === 0
          ? `no source: ${ports.notFound ?? 'nothing is configured'}; set pypi.upstream or POSTHASTE_PYPI_UPSTREAM`
          : `${lists[PYPI_SOURCES]?.map(({ id }) => id).join(' ')}  (${foundIn})`,
      ],
      ...(ports.notes ?? []).map((note) => ['', note] as const),
    ],
  }
}

/** Whether we have credentials of our own for a private source: in its address, or for its host. */
function hasCredentials({ pypi, upstream }: Config): boolean {
  return pypi.privateUpstream.some((address) => {
    const url = new URL(address)
    if (url.username !== '' || url.password !== '') return true
    const { credentials } = upstream
    const byHost = credentials[url.host] ?? credentials[url.hostname]
    return byHost !== undefined || Object.values(credentials).some(({ kind }) => kind === 'netrc')
  })
}
