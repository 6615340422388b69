import type { Config } from '../config/schema.ts'
import { createGoForesight } from '../ecosystems/go/foresight.ts'
import { createGoEcosystem, type GoEcosystem } from '../ecosystems/go/go-ecosystem.ts'
import { parseGoproxyList } from '../ecosystems/go/goproxy-list.ts'
import {
  type ChecksumDatabase,
  type GosumdbProblem,
  parseGosumdb,
  verifierKey,
} from '../ecosystems/go/gosumdb.ts'
import { privateRefusal } from '../ecosystems/go/refusals.ts'
import { createGoProof, type GoProof } from '../ecosystems/go/sumdb/go-proof.ts'
import type { SecurityEvent } from '../ecosystems/go/sumdb/sumdb-ports.ts'
import { createSumdbVerifier } from '../ecosystems/go/sumdb/verifier.ts'
import type { CheckZip } from '../ecosystems/go/zip/zip-check.ts'
import { compilePatterns } from '../policy/private-patterns.ts'
import { goLists } from '../sources/go-lists.ts'
import type { Store } from '../store/store.ts'
import type { Upstream } from '../upstream/upstream.ts'
import type { Room } from './room.ts'
import { sumdbPorts } from './sumdb-ports.ts'

export interface GoRoomPorts {
  readonly store: Store
  readonly upstream: Upstream
  readonly checkZip: CheckZip
  /** Names of checksum databases that the toolchain knows. */
  readonly databaseNames: readonly string[]
  /** The module source that all others copy from, as the toolchain brings it along. */
  readonly originAddress?: string | undefined
  /** Why the toolchain could not be asked for its settings, when it could not. */
  readonly notFound?: string
  /** What was left out or replaced in the toolchain's settings, for people. */
  readonly notes?: readonly string[]
  readonly now: () => number
  readonly onSecurity: (event: SecurityEvent) => void
  readonly onTrouble: (detail: string) => void
}

/** Go as it is configured right now. */
export interface GoRoom extends Room {
  readonly ecosystem: GoEcosystem
  /** The checksum database in force, for people; undefined when it is off. */
  readonly database: string | undefined
}

/** Puts the Go adapter, its proofs and its sources together. */
export function goRoom(
  config: Config,
  origins: Readonly<Record<string, string>>,
  ports: GoRoomPorts,
): GoRoom {
  const { go } = config
  const isPrivate = compilePatterns(go.private)
  const isUnlisted = compilePatterns(go.nosumdb)
  const parsed = go.sumdb === undefined ? undefined : parseGosumdb(go.sumdb, ports.databaseNames)
  const unusable = parsed?.kind === 'problem' ? unusableDatabase(parsed, origins['go.sumdb']) : undefined
  const database = parsed?.kind === 'database' ? parsed : undefined
  const proof = database === undefined ? undefined : proofWith(database, config, ports)

  const ecosystem = createGoEcosystem({
    ttl: go.ttl,
    onOutage: go.onOutage,
    isPrivate,
    isUnlisted,
    sumdb: proof,
    checkZipForm: ports.checkZip,
  })
  const foresight = createGoForesight({
    resourceAt: (path) => {
      const asked = ecosystem.parse(path)
      return asked.kind === 'resource' ? asked.resource : undefined
    },
  })

  return {
    ecosystem: { ...ecosystem, foresight },
    lists: goLists(config, origins, ports.databaseNames, ports.originAddress),
    // Somebody wants proofs: with a setting that gives none, serving unproved would be a silent "off".
    gate: (name) => (isPrivate(name) ? privateRefusal(name, go.private) : unusable),
    database: proof?.name,
    // Quoted, because `|` is a word of its own to every shell.
    client: { line: (base) => `go env -w GOPROXY="${base}|direct"`, undo: 'go env -u GOPROXY' },
    status: { upstream: go.upstream ?? null, database: proof?.name ?? null },
    told: [
      [
        'go',
        go.upstream === undefined
          ? `no source: ${ports.notFound ?? 'nothing is configured'}; set go.upstream or POSTHASTE_GO_UPSTREAM`
          : `${go.upstream}  (${origins['go.upstream'] ?? 'default'})`,
      ],
      ...listProblems(go.upstream).map((problem) => ['', problem] as const),
      ...(ports.notes ?? []).map((note) => ['', note] as const),
      ['checksums', `${go.sumdb ?? 'off'}  (${origins['go.sumdb'] ?? 'default'})`],
      ...(unusable === undefined ? [] : [['', `${unusable.reason}: ${unusable.hint}`] as const]),
    ],
  }
}

function listProblems(upstream = 'off'): readonly string[] {
  const parsed = parseGoproxyList(upstream)
  if (parsed.ok) return []
  return parsed.problems.map(
    ({ element, reason, fix }) => `go.upstream is not used: ${JSON.stringify(element)}: ${reason}; ${fix}`,
  )
}

function unusableDatabase({ reason, fix }: GosumdbProblem, foundIn = 'default') {
  return {
    kind: 'not-configured',
    reason: `go.sumdb names no checksum database: ${reason} (set in ${foundIn})`,
    hint: fix,
  } as const
}

function proofWith(database: ChecksumDatabase, config: Config, ports: GoRoomPorts): GoProof {
  // The alias may stand alone: then whatever name the key fits may sign, and clients ask for that name.
  const name = database.name ?? ''
  const { remote, tiles, head, keeping } = sumdbPorts({
    name: name === '' ? 'public' : name,
    store: ports.store,
    upstream: ports.upstream,
    now: ports.now,
    storeFailed: (error) => ports.onTrouble(error instanceof Error ? error.message : String(error)),
  })
  const verifier = createSumdbVerifier({
    name,
    key: verifierKey(name, database),
    remote,
    tiles,
    head,
    onSecurity: ports.onSecurity,
    onTrouble: ports.onTrouble,
  })
  return createGoProof({
    verifier: keeping(verifier),
    checkZip: ports.checkZip,
    waitMs: config.go.proofWaitMs,
  })
}
