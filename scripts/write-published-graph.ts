/**
 * Writes `src/ecosystems/go/published-graph.json` anew, from whatever module proxy this machine's go is set to:
 * `scripts/run scripts/write-published-graph.ts`. What a published version requires never changes, so an old file is
 * never wrong; it only lacks what has been published since.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseGoMod } from '../src/ecosystems/go/go-mod.ts'
import { escapeVersion } from '../src/ecosystems/go/module-path.ts'
import { moduleProxy, workOff } from './module-proxy.ts'

/** They stand below half of all modules, and require each other's older versions in long chains. */
const families = [
  'github.com/davecgh/go-spew',
  'github.com/golang/protobuf',
  'github.com/google/go-cmp',
  'github.com/kr/pretty',
  'github.com/kr/text',
  'github.com/pmezard/go-difflib',
  'github.com/rogpeppe/go-internal',
  'github.com/stretchr/objx',
  'github.com/stretchr/testify',
  'github.com/yuin/goldmark',
  'golang.org/x/crypto',
  'golang.org/x/mod',
  'golang.org/x/net',
  'golang.org/x/sync',
  'golang.org/x/sys',
  'golang.org/x/telemetry',
  'golang.org/x/term',
  'golang.org/x/text',
  'golang.org/x/time',
  'golang.org/x/tools',
  'golang.org/x/xerrors',
  'google.golang.org/protobuf',
  'gopkg.in/check.v1',
  'gopkg.in/yaml.v2',
  'gopkg.in/yaml.v3',
]
const read = await moduleProxy()

const graph = new Map<string, Map<string, string>>(families.map((path) => [path, new Map()]))
const wanted: [path: string, version: string][] = []
const seen = new Set<string>()
function want(path: string, version: string) {
  if (!graph.has(path) || seen.has(`${path}@${version}`)) return
  seen.add(`${path}@${version}`)
  wanted.push([path, version])
}

for (const path of families) {
  for (const version of (await read(path, 'list'))?.split('\n') ?? []) if (version !== '') want(path, version)
}
await workOff(wanted, async ([path, version]) => {
  const text = await read(path, `${escapeVersion(version)}.mod`)
  const parsed = text === undefined ? undefined : parseGoMod(Buffer.from(text))
  if (parsed?.ok !== true || parsed.file.require.length === 0) return
  for (const required of parsed.file.require) want(required.path, required.version)
  const ids = parsed.file.require.map((required) => `${required.path}@${required.version}`)
  graph.get(path)?.set(version, ids.join(' '))
})

const sorted = Object.fromEntries(
  [...graph]
    .filter(([, versions]) => versions.size > 0)
    .map(([path, versions]) => [path, Object.fromEntries([...versions].sort())]),
)
const file = join(import.meta.dirname, '..', 'src', 'ecosystems', 'go', 'published-graph.json')
await writeFile(file, `${JSON.stringify(sorted, null, 2)}\n`)
console.log(`${seen.size} versions of ${families.length} modules`)
