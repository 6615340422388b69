import { simpleKind } from './kinds.ts'
import type { Kind, Parsed } from './setting.ts'

/**
 * A GOPROXY list, checked in form only; the Go adapter gives it its meaning.
 * Rules: https://go.dev/ref/mod#environment-variables and cmd/go/internal/modfetch/proxy.go.
 */
export const goProxyList: Kind<string> = {
  name: 'GOPROXY list',
  expected: 'a GOPROXY list such as https://goproxy.cn|https://goproxy.io,direct',
  schema: { type: 'string', minLength: 1 },
  parse(raw): Parsed<string> {
    if (typeof raw !== 'string') return { ok: false, expected: this.expected }
    let entries = 0
    for (const [index, part] of raw.split(/[,|]/).entries()) {
      const entry = part.trim()
      if (entry === '') continue
      entries++
      if (entry === 'direct' || entry === 'off') break
      const problem = checkSource(entry)
      if (problem !== undefined)
        return { ok: false, expected: this.expected, hint: `entry ${index + 1}: ${problem}` }
    }
    return entries > 0 ? { ok: true, value: raw.trim() } : { ok: false, expected: this.expected }
  },
}

function checkSource(entry: string): string | undefined {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(entry)?.[1]?.toLowerCase()
  if (scheme !== undefined && !['http', 'https', 'file'].includes(scheme)) {
    return `the scheme ${scheme} is none of http, https, file`
  }
  const written = scheme === undefined ? `https://${entry}` : entry
  if (/\s/.test(entry) || !URL.canParse(written)) return 'is no URL'
  const url = new URL(written)
  if (scheme === 'file') return url.host === '' ? undefined : 'a file URL may hold only a path'
  return url.search === '' && url.hash === '' ? undefined : 'a source has no query and no fragment'
}

/** GOSUMDB: `off`, a name, or a name with its key, each of the last two with an optional URL. */
export const goSumdb: Kind<string> = simpleKind(
  {
    name: 'GOSUMDB',
    expected: 'off, a name such as sum.golang.google.cn, or name+hash+key, then optionally a URL',
    schema: { type: 'string', minLength: 1 },
  },
  (raw) => {
    if (typeof raw !== 'string') return undefined
    const [name = '', address, ...rest] = raw.trim().split(/\s+/)
    if (name === 'off') return address === undefined ? name : undefined
    const nameIsGood = /^[^\s+/]+(\/[^\s+]*)?(\+[0-9a-f]{8}\+[A-Za-z0-9+/]{42,}={0,2})?$/.test(name)
    if (!nameIsGood || rest.length > 0) return undefined
    if (address === undefined) return name
    return /^https?:\/\/[^\s/]+/.test(address) && URL.canParse(address) ? `${name} ${address}` : undefined
  },
)

/**
 * One GOPRIVATE pattern. `go` skips a malformed one silently; here it is a mistake, because a name that was
 * meant to be private would leave the house.
 */
export const privatePattern: Kind<string> = simpleKind(
  {
    name: 'pattern',
    expected: 'a GOPRIVATE pattern such as *.corp.example or github.com/acme/*',
    schema: { type: 'string', minLength: 1 },
  },
  (raw) => (typeof raw === 'string' && isPathPattern(raw) ? raw : undefined),
)

/** Whether it has the syntax of Go's path.Match, and can stand in a list. */
export function isPathPattern(pattern: string): boolean {
  if (pattern === '' || /[\s,]/.test(pattern)) return false
  return /^(?:\\.|\[(?:\^|(?!\^))(?:(?:\\.|[^\\\]-])(?:-(?:\\.|[^\\\]-]))?)+\]|[^\\[])+$/u.test(pattern)
}
