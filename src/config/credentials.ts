import { parse as parseYaml, YAMLParseError } from 'yaml'
import { path as pathKind } from './kinds.ts'
import { joinHostPort, splitHostPort } from './network-kinds.ts'
import type { Kind, Mistake, Parsed, Place } from './setting.ts'

/** What a source is told so that it lets us in. Only ever sent to the host it stands under. */
export type Credential =
  | { readonly kind: 'header'; readonly name: string; readonly value: string }
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  | { readonly kind: 'netrc'; readonly path: string }

/** By host, lower case, with a port where one was written. */
export type Credentials = Readonly<Record<string, Credential>>

const forms = 'one of {header: "Name: value"}, {username: …, password: …}, {netrc: path}'
const expected = `a map of host to ${forms}`

export const credentials: Kind<Credentials> = {
  name: 'map of host to credential',
  expected,
  schema: {
    type: 'object',
    additionalProperties: {
      anyOf: [
        objectOf({ header: { type: 'string', pattern: '^[A-Za-z0-9-]+: *.+$' } }),
        objectOf({ username: { type: 'string' }, password: { type: 'string' } }),
        objectOf({ netrc: { type: 'string' } }),
      ],
    },
  },
  parse(raw, place): Parsed<Credentials> {
    const map = typeof raw === 'string' ? readFlow(raw) : raw
    if (!isMap(map)) return { ok: false, expected }
    const result: Record<string, Credential> = {}
    for (const [written, value] of Object.entries(map)) {
      const parts = splitHostPort(written)
      if (!parts) return { ok: false, expected: 'a host or host:port as key', path: [written] }
      const host = parts.host.toLowerCase()
      const parsed = readCredential(value, place)
      if (!parsed.ok) return { ...parsed, path: [written] }
      result[parts.port === undefined ? host : joinHostPort(host, parts.port)] = parsed.value
    }
    return { ok: true, value: result }
  },
  show: (value) =>
    Object.fromEntries(Object.entries(value).map(([host, credential]) => [host, mask(credential)])),
}

function readCredential(raw: unknown, place: Place): Parsed<Credential> {
  const wrong: Mistake = { ok: false, expected: forms }
  if (!isMap(raw)) return wrong
  const { header, username, password, netrc } = raw
  switch (Object.keys(raw).sort().join(' ')) {
    case 'header': {
      const match = typeof header === 'string' ? /^([A-Za-z0-9-]+): *([\x20-\x7e]+)$/.exec(header) : null
      if (!match?.[1] || !match[2]) return wrong
      return { ok: true, value: { kind: 'header', name: match[1], value: match[2].trim() } }
    }
    case 'password username':
      if (typeof username !== 'string' || typeof password !== 'string' || username.includes(':')) return wrong
      return { ok: true, value: { kind: 'basic', username, password } }
    case 'netrc': {
      const file = pathKind.parse(netrc, place)
      return file.ok ? { ok: true, value: { kind: 'netrc', path: file.value } } : wrong
    }
    default:
      return wrong
  }
}

function mask(credential: Credential): unknown {
  switch (credential.kind) {
    case 'header':
      return { header: `${credential.name}: ***` }
    case 'basic':
      return { username: credential.username, password: '***' }
    case 'netrc':
      return { netrc: credential.path }
  }
}

/** A variable holds the map in one line, as JSON or YAML. */
function readFlow(written: string): unknown {
  try {
    return parseYaml(written, { logLevel: 'error' })
  } catch (error) {
    // The parser's message quotes the text, and the text holds secrets: only the kind of mistake is told.
    if (error instanceof YAMLParseError) return undefined
    throw error
  }
}

function objectOf(properties: Record<string, unknown>) {
  return { type: 'object', properties, required: Object.keys(properties), additionalProperties: false }
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
