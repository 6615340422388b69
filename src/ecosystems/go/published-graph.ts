import type { ModuleVersion } from './go-mod.ts'
import graph from './published-graph.json'

const byPath = new Map(Object.entries<Readonly<Record<string, string>>>(graph))

/**
 * What the go.mod of a published version requires, for a few modules that stand below most others: testify, yaml,
 * protobuf, golang.org/x. They require each other's older versions in chains of ten, each a round trip for whoever
 * must read one go.mod to learn of the next. What is published never changes (the checksum database holds it), so
 * this can be short of the newest, but not wrong. Empty for everything else.
 * `scripts/write-published-graph.ts` writes the file.
 */
export function publishedRequirements({ path, version }: ModuleVersion): readonly ModuleVersion[] {
  const versions = byPath.get(path)
  if (versions === undefined || !Object.hasOwn(versions, version)) return []
  return (versions[version] ?? '').split(' ').map((id) => {
    const at = id.lastIndexOf('@')
    return { path: id.slice(0, at), version: id.slice(at + 1) }
  })
}
