import { execFile } from 'node:child_process'
import { readdir, readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { parseGoproxyList } from '../../ecosystems/go/goproxy-list.ts'
import { parseGosumdb } from '../../ecosystems/go/gosumdb.ts'
import { mask } from '../../observe/mask.ts'
import { compilePatterns } from '../../policy/private-patterns.ts'
import type { SettingFact } from '../evidence.ts'

type Env = Readonly<Record<string, string | undefined>>

const names = [
  'GOPROXY',
  'GOSUMDB',
  'GOPRIVATE',
  'GONOPROXY',
  'GONOSUMDB',
  'GOMODCACHE',
  'GOFLAGS',
  'GO111MODULE',
  'GOMOD',
  'GOWORK',
] as const
export type GoValues = Readonly<Partial<Record<(typeof names)[number], string>>>

/** What the toolchain says in this folder; undefined without a toolchain that answers in time. */
export async function readGoValues(env: Env, cwd: string): Promise<GoValues | undefined> {
  const run = promisify(execFile)
  const options = { env: { ...env, GOTOOLCHAIN: 'local' }, cwd, timeout: 4_000, maxBuffer: 1_000_000 }
  const answer = await run('go', ['env', '-json', ...names], options).catch(() => undefined)
  if (answer === undefined) return undefined
  const parsed: unknown = JSON.parse(answer.stdout)
  if (typeof parsed !== 'object' || parsed === null) return undefined
  const entries = names.map((name) => [name, String(Reflect.get(parsed, name) ?? '')])
  return Object.fromEntries(entries) as GoValues
}

/** Values that are wrong by themselves. Pure. */
export function checkGoValues(values: GoValues): SettingFact[] {
  const facts: SettingFact[] = []
  const say = (name: keyof GoValues, problem: string, detail: string) =>
    facts.push({
      probe: 'setting',
      outcome: 'wrong',
      name,
      value: mask(values[name] ?? ''),
      foundIn: 'go env',
      problem,
      detail,
    })
  const list = values.GOPROXY ? parseGoproxyList(values.GOPROXY) : undefined
  if (list?.ok === false) {
    const [first] = list.problems
    say('GOPROXY', 'go.goproxy_invalid', `${first?.element ?? ''}: ${first?.reason ?? ''}`)
  }
  const sumdb = values.GOSUMDB?.trim() ?? ''
  if (sumdb === 'off') say('GOSUMDB', 'go.gosumdb_off', 'off')
  else if (sumdb !== '') {
    const parsed = parseGosumdb(sumdb)
    if (parsed.kind === 'problem') say('GOSUMDB', 'go.gosumdb_invalid', parsed.reason)
  }
  if (patternsOf(values.GONOSUMDB).includes('*') && sumdb !== 'off') say('GONOSUMDB', 'go.nosumdb_all', '*')
  const broad = patternsOf(values.GOPRIVATE).find((pattern) =>
    /^(\*|(github|gitlab)\.com(\/\*)?|golang\.org(\/\*)?)$/.test(pattern),
  )
  if (broad !== undefined) say('GOPRIVATE', 'go.private_broad', broad)
  if (values.GO111MODULE === 'off') say('GO111MODULE', 'go.modules_off', 'off')
  return facts
}

function patternsOf(value: string | undefined): string[] {
  return (value ?? '')
    .split(',')
    .map((pattern) => pattern.trim())
    .filter((pattern) => pattern !== '')
}

/** Hosts of the project's requirements that GOPRIVATE does not cover; well-known public ones are left out. */
export async function requiredHosts(cwd: string, values: GoValues): Promise<readonly string[]> {
  const text = await findGoMod(cwd)
  const paths = [...(text ?? '').matchAll(/^\s*(?:require\s+)?([a-z0-9.-]+\.[a-z]{2,}\/\S+)\s+v\d/gim)].map(
    (match) => match[1] ?? '',
  )
  const isPrivate = compilePatterns([values.GOPRIVATE ?? ''])
  const open = paths.filter((path) => !isPrivate(path))
  const hosts = [...new Set(open.map((path) => path.split('/', 1)[0] ?? ''))]
  return hosts.filter((host) => !wellKnown.has(host)).slice(0, 8)
}

const wellKnown = new Set([
  'github.com',
  'gitlab.com',
  'bitbucket.org',
  'golang.org',
  'google.golang.org',
  'go.uber.org',
  'gopkg.in',
  'k8s.io',
  'sigs.k8s.io',
  'cloud.google.com',
  'go.opentelemetry.io',
  'gorm.io',
  'go.etcd.io',
  'rsc.io',
])

async function findGoMod(cwd: string): Promise<string | undefined> {
  for (let folder = cwd; ; folder = dirname(folder)) {
    const text = await readFile(join(folder, 'go.mod'), 'utf8').catch(() => undefined)
    if (text !== undefined || folder === dirname(folder)) return text
  }
}

const mostEntries = 20_000
const mostFindings = 5

/** Downloads in the module cache that can only fail: empty files, and folders that cannot be read. Bounded. */
export async function checkModuleCache(values: GoValues): Promise<SettingFact[]> {
  const root = values.GOMODCACHE
  if (!root) return []
  const broken: string[] = []
  const queue = [join(root, 'cache', 'download')]
  let seen = 0
  for (let folder = queue.pop(); folder !== undefined && broken.length < mostFindings; folder = queue.pop()) {
    const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') broken.push(`${folder} (${error.code})`)
      return []
    })
    for (const entry of entries) {
      if (++seen > mostEntries) return factsOf(root, broken)
      const path = join(folder, entry.name)
      if (entry.isDirectory()) queue.push(path)
      else if (/\/@v$/.test(folder) && /\.(zip|mod|info|ziphash)$/.test(entry.name)) {
        const { size } = await stat(path).catch(() => ({ size: -1 }))
        if (size === 0) broken.push(path)
      }
    }
  }
  return factsOf(root, broken)
}

function factsOf(root: string, broken: readonly string[]): SettingFact[] {
  if (broken.length === 0) return []
  return [
    {
      probe: 'setting',
      outcome: 'wrong',
      name: 'GOMODCACHE',
      value: root,
      foundIn: 'go env',
      problem: 'go.modcache_broken',
      detail: broken.slice(0, mostFindings).join(', '),
    },
  ]
}
