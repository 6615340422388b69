import { isAbsolute, join } from 'node:path'
import { maskCredentials, parseGoproxyList } from '../ecosystems/go/goproxy-list.ts'
import { compilePatterns } from '../policy/private-patterns.ts'
import { goEnvValue } from './edit-go-env.ts'
import { environmentLayer, unsetting } from './environment.ts'
import { type Machine, userConfig } from './machine.ts'

/** A fault of one of Go's settings. */
export interface GoAdvice {
  /** `GOSUMDB` */
  readonly name: string
  /** What is wrong and what to do, in one sentence. */
  readonly text: string
}

export interface GoAdviceOptions {
  readonly machine: Machine
  /** The file of `go env -w`. */
  readonly text: string
  /** The file's own list, without what leads to the relay; empty: none. */
  readonly list: string
  /** Names that the server refuses to ask for. */
  readonly privatePatterns: readonly string[]
}

/** What is wrong with Go's settings besides the address: told with a remedy, and left as it is. */
export async function goAdvice(options: GoAdviceOptions): Promise<readonly GoAdvice[]> {
  const { machine, text } = options
  const setting = (name: string) => machine.env[name] || goSetting(text, name) || ''
  const all: GoAdvice[] = []
  const advise = async (name: string, fault: string) => {
    all.push({ name, text: `${fault}; ${await takenBack(machine, name)}` })
  }
  if (setting('GOSUMDB') === 'off') {
    await advise('GOSUMDB', 'GOSUMDB=off: nothing proves what is downloaded, and toolchain downloads fail')
  }
  for (const [own, consequence] of [
    ['GONOSUMDB', 'no module is looked up in the checksum database'],
    ['GONOPROXY', 'no module is asked of any proxy, this one included'],
  ] as const) {
    // Either stands in the place of GOPRIVATE where it is set.
    const name = setting(own) === '' ? 'GOPRIVATE' : own
    if (elements(setting(name)).includes('*')) await advise(name, `${name} holds *: ${consequence}`)
  }
  for (const list of new Set([machine.env.GOPROXY ?? '', options.list])) {
    all.push(...listAdvice(list).map((fault) => ({ name: 'GOPROXY', text: fault })))
  }
  const flags = setting('GOFLAGS')
  if (/-insecure\b/.test(flags)) {
    await advise('GOFLAGS', "GOFLAGS holds -insecure, with which 'go get' fails; GOINSECURE took its place")
  }
  if (/-mod=vendor\b/.test(flags)) {
    await advise('GOFLAGS', 'GOFLAGS holds -mod=vendor: builds take what lies in vendor/ and ask no proxy')
  }
  if (setting('GO111MODULE') === 'off') {
    await advise('GO111MODULE', 'GO111MODULE=off: no proxy is asked at all')
  }
  const lookups = setting('GONOSUMDB') === '' ? 'GOPRIVATE' : 'GONOSUMDB'
  const gap = privateGap(elements(setting(lookups)), options.privatePatterns)
  if (gap !== undefined) {
    const how = machine.env[lookups] ? 'export' : 'go env -w'
    const fault = `${lookups} does not cover ${gap.missing}, which is private for the server`
    const text = `${fault}: Go tells such names to the checksum database; ${how} ${lookups}=${gap.whole}`
    all.push({ name: lookups, text })
  }
  return all
}

/** A value of the file of `go env -w`; an empty one counts as not set, as cmd/go has it. */
export function goSetting(text: string, name: string): string | undefined {
  const value = goEnvValue(text, name)
  // Of all lists, cmd/go trims the elements of this one only.
  return (name === 'GOPROXY' ? value?.trim() : value) || undefined
}

/** Patterns of GOPRIVATE and its like with others behind them; blanks, with which Go would match nothing, go. */
export function withPatterns(present: readonly string[], others: readonly string[]): string {
  return [...new Set([...present, ...others].map((one) => one.trim()))].filter((one) => one !== '').join(',')
}

/** The file of `go env -w` where GOENV names no other one. */
export function defaultGoEnvFile(machine: Machine): string {
  return join(userConfig(machine), 'go', 'env')
}

/** The file of `go env -w`; undefined where Go reads none. */
export function goEnvFile(machine: Machine, told?: string): string | undefined {
  const file = told || machine.env.GOENV || defaultGoEnvFile(machine)
  return file !== 'off' && isAbsolute(file) ? file : undefined
}

/** How a person takes a setting of Go's back: `go env -u` reaches no variable. */
export async function takenBack(machine: Machine, name: string): Promise<string> {
  const { value, where } = await environmentLayer(machine, [name])
  return value === undefined ? `go env -u ${name}` : unsetting(where)
}

function listAdvice(list: string): string[] {
  const masked = maskCredentials(list)
  const schemeless = list
    .split(/[,|]/)
    .map((one) => one.trim())
    .filter((one) => /[.:/]/.test(one) && !one.includes('://') && !one.startsWith('/'))
  const parsed = parseGoproxyList(list)
  const hasSource = parsed.ok && parsed.steps.some(({ kind }) => kind === 'source')
  return [
    ...(schemeless.length > 0
      ? [`${schemeless.map(maskCredentials).join(', ')} has no scheme: Go takes https; write it out`]
      : []),
    ...(hasSource && list.includes(',') && !list.includes('|')
      ? [`'${masked}' goes on at 404 and 410 only: with '|' it would survive an outage`]
      : []),
  ]
}

/** What a list of patterns lacks to cover others. */
function privateGap(present: readonly string[], patterns: readonly string[]) {
  const covered = compilePatterns(present)
  const missing = patterns.filter((pattern) => !present.includes(pattern) && !covered(pattern))
  if (missing.length === 0) return undefined
  return { missing: missing.join(', '), whole: withPatterns(present, missing) }
}

/** Untrimmed: a blank or a `\r` is a part of the pattern for Go. */
function elements(list: string): string[] {
  return list.split(',').filter((one) => one !== '')
}
