import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { takenBack } from '../clients/go-advice.ts'
import { folderWith, type Machine } from '../clients/machine.ts'
import { type GoMod, parseGoMod } from '../ecosystems/go/go-mod.ts'
import { compilePatterns } from '../policy/private-patterns.ts'
import { checkModuleCache } from './go-module-cache.ts'
import { type GoSettings, readGoSettings } from './go-settings.ts'
import { readSums, sumCheck } from './go-sum-check.ts'
import { readGoWorkspace } from './go-workspace.ts'
import { good, type ProjectCheck, problem, warning } from './project-check.ts'

export interface GoProject {
  /** The folder of go.mod; that which was looked in when there is none. */
  readonly folder: string
  readonly checks: readonly ProjectCheck[]
}

export interface GoProjectOptions {
  readonly machine: Machine
  readonly command: string
  /** The server's private patterns. */
  readonly privatePatterns: readonly string[]
  /** For the whole of it. */
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** Looks at the project around the working folder; undefined where there is no Go. Changes nothing. */
export async function checkGoProject(options: GoProjectOptions): Promise<GoProject | undefined> {
  const { machine, privatePatterns } = options
  const folder = await folderWith(machine, ['go.mod'])
  if (folder === undefined) {
    const names: readonly string[] = await readdir(machine.cwd)
    if (!names.some((name) => name.endsWith('.go'))) return undefined
    const text = 'there are Go files here, and no go.mod in this folder or above'
    return { folder: machine.cwd, checks: [problem('go.mod', text, 'go mod init MODULE')] }
  }
  const bytes = Buffer.from((await machine.readText(join(folder, 'go.mod'))) ?? '')
  const parsed = parseGoMod(bytes)
  if (!parsed.ok || parsed.file.module === undefined) {
    const where = parsed.ok || parsed.line === 0 ? '' : ` line ${parsed.line}:`
    const reason = parsed.ok ? 'it has no module line' : parsed.reason
    const fix = 'put that line right; go mod edit -fmt shows the same'
    return { folder, checks: [problem('go.mod', `go.mod:${where} ${reason}`, fix)] }
  }
  const { file } = parsed
  const settings = await readGoSettings(options)
  const workspace = await readGoWorkspace(machine, folder)
  const sums = await readSums(machine, folder, workspace)
  const fetched = file.require.filter(({ path }) => workspace?.modules.has(path) !== true)
  const count = file.require.length
  return {
    folder,
    checks: [
      good('go.mod', `${file.module}, ${count} requirement${count === 1 ? '' : 's'}`),
      sumCheck({ ...file, require: fetched }, sums, workspace),
      ...(settings === undefined
        ? [{ id: 'toolchain', state: 'unknown', text: "'go env' does not answer", fix: '' } as const]
        : [
            await toolchainCheck(file, bytes.toString(), settings, machine),
            ...(await vendorChecks(folder, settings, machine)),
            ...(await flagChecks(settings, machine)),
            ...privateChecks(fetched, settings, privatePatterns, machine),
            ...(await checkModuleCache({ ...options, cache: settings.GOMODCACHE, sum: sums.sum })),
          ]),
    ],
  }
}

async function toolchainCheck(
  file: GoMod,
  text: string,
  settings: GoSettings,
  machine: Machine,
): Promise<ProjectCheck> {
  const named = /^\s*toolchain\s+go(\S+)/m.exec(text)?.[1]
  const wanted = [file.goVersion ?? '', named ?? ''].sort(compareVersions).at(-1) ?? ''
  const here = settings.GOVERSION.replace(/^go/, '').split(/[ -]/, 1)[0] ?? ''
  if (wanted === '') return warning('toolchain', 'go.mod has no go line: Go takes 1.16', 'go mod tidy')
  if (compareVersions(wanted, here) <= 0) return good('toolchain', `go.mod wants ${wanted}, here is ${here}`)
  const needs = compareVersions(file.goVersion ?? '', here) > 0
  if (settings.GOTOOLCHAIN === 'local') {
    const said = `go.mod wants Go ${wanted}, here is ${here}, and GOTOOLCHAIN=local forbids to fetch it`
    return needs
      ? problem('toolchain', said, `install it, or ${await takenBack(machine, 'GOTOOLCHAIN')}`)
      : good('toolchain', said)
  }
  const off = settings.GOSUMDB === 'off'
  const cost = `go.mod wants Go ${wanted}, here is ${here}: the first command fetches a toolchain of 60 to 100 MB`
  if (off) {
    const fix = await takenBack(machine, 'GOSUMDB')
    return problem('toolchain', `${cost}, which fails with GOSUMDB=off`, fix)
  }
  return warning('toolchain', cost, `install Go ${wanted}`)
}

/** Go's order: `1.21rc1` before `1.21.0`, and `1.21` before both (`go help toolchain`, go/version). */
export function compareVersions(a: string, b: string): number {
  const parts = (text: string) => {
    const [, major = '0', minor = '0', patch, kind, pre] =
      /^(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:(rc|beta)(\d+))?/.exec(text) ?? []
    const rank = patch !== undefined ? 3 : kind === 'rc' ? 2 : kind === 'beta' ? 1 : 0
    return [Number(major), Number(minor), rank, Number(patch ?? pre ?? 0)]
  }
  const [left, right] = [parts(a), parts(b)]
  for (const [index, value] of left.entries()) {
    if (value !== right[index]) return value - (right[index] ?? 0)
  }
  return 0
}

async function vendorChecks(
  folder: string,
  { GOFLAGS }: GoSettings,
  machine: Machine,
): Promise<ProjectCheck[]> {
  const names: readonly string[] = await readdir(folder)
  const vendored = names.includes('vendor')
  const flag = /-mod=(\S+)/.exec(GOFLAGS)?.[1]
  if (flag === 'vendor' && !vendored) {
    return [
      problem(
        'vendor',
        'GOFLAGS has -mod=vendor, and there is no vendor folder',
        `go mod vendor, or ${await takenBack(machine, 'GOFLAGS')}`,
      ),
    ]
  }
  if (vendored && (flag === undefined || flag === 'vendor')) {
    return [
      warning('vendor', 'builds take what lies in vendor/ and ask no proxy', 'go build -mod=mod, to ask one'),
    ]
  }
  return []
}

async function flagChecks({ GOFLAGS }: GoSettings, machine: Machine): Promise<ProjectCheck[]> {
  if (/-insecure\b/.test(GOFLAGS)) {
    return [
      problem(
        'flags',
        "GOFLAGS has -insecure, with which 'go get' fails: GOINSECURE took its place",
        await takenBack(machine, 'GOFLAGS'),
      ),
    ]
  }
  if (/-mod=mod\b/.test(GOFLAGS)) {
    return [
      warning(
        'flags',
        'GOFLAGS has -mod=mod: builds change go.mod and go.sum by themselves',
        await takenBack(machine, 'GOFLAGS'),
      ),
    ]
  }
  return []
}

/** What the server refuses as private goes on to the next element of GOPROXY, unless Go asks no proxy for it. */
function privateChecks(
  required: GoMod['require'],
  settings: GoSettings,
  patterns: readonly string[],
  { env }: Machine,
): ProjectCheck[] {
  if (patterns.length === 0) return []
  const isPrivate = compilePatterns(patterns)
  const own = required.map(({ path }) => path).filter(isPrivate)
  // Each takes the place of GOPRIVATE where it is set.
  const gaps = (['GONOPROXY', 'GONOSUMDB'] as const).flatMap((setting) => {
    const isCovered = compilePatterns([settings[setting]])
    const paths = own.filter((path) => !isCovered(path))
    const name = settings[setting] === settings.GOPRIVATE ? 'GOPRIVATE' : setting
    return paths.length === 0 ? [] : [{ name, paths, present: settings[setting] }]
  })
  const open = [...new Set(gaps.flatMap(({ paths }) => paths))]
  const [first] = open
  if (first === undefined)
    return [good('private', `GOPRIVATE covers what is private here (${own.length} of the requirements)`)]
  const fixes = gaps.map(({ name, paths, present }) => {
    const covering = patterns.filter((pattern) => paths.some(compilePatterns([pattern])))
    const list = [...present.split(',').filter(Boolean), ...covering].join(',')
    return `${env[name] ? 'export' : 'go env -w'} ${name}=${list}`
  })
  const names = [...new Set(gaps.map(({ name }) => name))].join(' and ')
  const more = open.length > 1 ? ` and ${open.length - 1} more` : ''
  const text = `${first}${more} is private for the server, and ${names} ${names.includes(' ') ? 'do' : 'does'} not cover it: the names reach other proxies or the checksum database`
  return [problem('private', text, [...new Set(fixes)].join('; '))]
}
