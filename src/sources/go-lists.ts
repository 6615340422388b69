import type { Config } from '../config/schema.ts'
import { parseGoproxyList } from '../ecosystems/go/goproxy-list.ts'
import { type ChecksumDatabase, parseGosumdb } from '../ecosystems/go/gosumdb.ts'
import { sourceId } from '../upstream/source-id.ts'
import type { SourceList, SourceStep } from '../upstream/source-list.ts'

/** The public database's own address for mainland China; what it says is signed like the original. */
const MAINLAND_ALIAS = 'https://sum.golang.google.cn'

export const GO_SOURCES = 'go'
export const SUMDB_SOURCES = 'go-sumdb'

/**
 * The lists of sources that the settings mean: modules, and the checksum database beside them. `databaseNames`
 * are those that the toolchain knows; one of them names the public database where the setting does not.
 * `origin` is the address that all others copy from, as the toolchain brings it along.
 */
export function goLists(
  { go }: Pick<Config, 'go'>,
  origins: Readonly<Record<string, string>>,
  databaseNames: readonly string[] = [],
  origin?: string,
): Readonly<Record<string, SourceList>> {
  const foundIn = origins['go.upstream'] ?? 'default'
  const modules =
    go.upstream === undefined
      ? undefined
      : goSourceList(go.upstream, foundIn, (url) => isBuiltIn(foundIn) || sameAddress(url, origin))
  const database = go.sumdb === undefined ? undefined : parseGosumdb(go.sumdb, databaseNames)
  return {
    ...(modules === undefined ? {} : { [GO_SOURCES]: modules }),
    ...(database?.kind === 'database'
      ? { [SUMDB_SOURCES]: sumdbSourceList(database, modules ?? [], origins['go.sumdb'] ?? 'default') }
      : {}),
  }
}

/** The list that a toolchain brings along leads to the origin; what somebody set may lead anywhere. */
function isBuiltIn(foundIn: string): boolean {
  return foundIn.includes('built in') || foundIn.includes('$GOROOT')
}

function sameAddress(url: string, other: string | undefined): boolean {
  return other !== undefined && url.replace(/\/+$/, '') === other.replace(/\/+$/, '')
}

/** The list of module sources that a GOPROXY string means; undefined for one that cannot be read. */
function goSourceList(
  goproxy: string,
  foundIn: string,
  isOrigin: (url: string) => boolean,
): SourceList | undefined {
  const parsed = parseGoproxyList(goproxy)
  if (!parsed.ok) return undefined
  return parsed.steps.map((step): SourceStep => {
    if (step.kind !== 'source') return step
    const { url, next } = step
    return { kind: 'source', id: sourceId(url), url, next, foundIn, origin: isOrigin(url) }
  })
}

/**
 * Where the checksum database is asked: at each module source that may relay it, then at its own address, then
 * at the alias. All are equal, because every answer is checked against the database's key. An address in
 * GOSUMDB itself takes the place of them all, as it does for the go command.
 */
function sumdbSourceList(database: ChecksumDatabase, modules: SourceList, foundIn: string): SourceList {
  const own = database.url ?? database.directUrl
  const addresses =
    database.url !== undefined
      ? [database.url]
      : [
          ...(database.name === undefined ? [] : relayedBy(modules, database.name)),
          ...(own === undefined ? [] : [own]),
          ...(database.wellKnown ? [MAINLAND_ALIAS] : []),
        ]
  return [...new Set(addresses)].map((url) => ({
    kind: 'source',
    id: sourceId(url),
    url,
    next: '|',
    foundIn,
    origin: true,
  }))
}

function relayedBy(modules: SourceList, name: string): string[] {
  return modules.flatMap((step) => (step.kind === 'source' ? [`${step.url}/sumdb/${name}`] : []))
}
