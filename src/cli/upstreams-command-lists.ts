import type { Toolchains } from '../config/resolve-config.ts'
import type { Config } from '../config/schema.ts'
import { goLists } from '../sources/go-lists.ts'
import { npmSources } from '../sources/npm-lists.ts'
import { pypiLists } from '../sources/pypi-lists.ts'
import type { SourceList } from '../upstream/source-list.ts'

/** What is asked of a list's sources, below their base: small, and there at every registry of the kind. */
export const probePaths: Readonly<Record<string, string>> = {
  'go-sumdb': 'latest',
  npm: '-/ping',
  'npm-private': '-/ping',
  pypi: 'pip/',
  'pypi-private': 'pip/',
}

/** The lists of every ecosystem that are read: those for writes and for PyPI's JSON name the same sources again. */
export function readLists(
  config: Config,
  origins: Readonly<Record<string, string>>,
  { go, npm, pip }: Partial<Toolchains>,
): Readonly<Record<string, SourceList>> {
  const scopes = npm?.found === true ? npm.scopes : []
  const lists: Readonly<Record<string, SourceList>> = {
    ...goLists(config, origins, go?.found ? go.databaseNames : []),
    ...npmSources(config, origins, scopes).lists,
    ...pypiLists(config, origins, pip?.builtIn),
  }
  return Object.fromEntries(Object.entries(lists).filter(([name]) => !/-(writes|json)$/.test(name)))
}
