import { isAbsolute, join, normalize } from 'node:path'
import type { Kind, Parsed } from './setting.ts'

/** The value may be left out; then it is `undefined`. */
export function optional<T>(kind: Kind<T>): Kind<T | undefined> {
  const show = kind.show?.bind(kind)
  return {
    name: kind.name,
    expected: kind.expected,
    schema: kind.schema,
    parse: (raw, place) => kind.parse(raw, place),
    ...(show && { show: (value) => (value === undefined ? undefined : show(value)) }),
  }
}

export function simpleKind<T>(
  description: Pick<Kind<T>, 'name' | 'expected' | 'schema'>,
  read: (raw: unknown) => T | undefined,
): Kind<T> {
  return {
    ...description,
    parse(raw): Parsed<T> {
      const value = read(raw)
      return value === undefined ? { ok: false, expected: description.expected } : { ok: true, value }
    },
  }
}

export function choice<const T extends string>(...words: readonly T[]): Kind<T> {
  return simpleKind(
    { name: words.join(' | '), expected: `one of ${words.join(', ')}`, schema: { enum: words } },
    (raw) => words.find((word) => word === raw),
  )
}

const booleans = new Map<unknown, boolean>([
  ...[true, 'true', 'yes', 'on', '1', 1].map((word) => [word, true] as const),
  ...[false, 'false', 'no', 'off', '0', 0].map((word) => [word, false] as const),
])

export const boolean: Kind<boolean> = simpleKind(
  { name: 'boolean', expected: 'true or false', schema: { type: 'boolean' } },
  (raw) => booleans.get(typeof raw === 'string' ? raw.toLowerCase() : raw),
)

/** A whole number from `min` to `max`, both included. */
export function count(min: number, max: number): Kind<number> {
  return simpleKind(
    {
      name: 'number',
      expected: `a whole number from ${min} to ${max}`,
      schema: { type: 'integer', minimum: min, maximum: max },
    },
    (raw) => {
      const value = typeof raw === 'string' && /^\d{1,15}$/.test(raw) ? Number(raw) : raw
      return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max
        ? value
        : undefined
    },
  )
}

const sizeUnits: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
}

/** Bytes: a plain number, or one with a unit. `20G` is refused, since people mean two different things by it. */
export function size(minBytes: number): Kind<number> {
  const expected = `a size such as 20GiB, 500MB or a number of bytes${minBytes > 0 ? `, at least ${showSize(minBytes)}` : ''}`
  return {
    name: 'size',
    expected,
    schema: {
      anyOf: [
        { type: 'integer', minimum: minBytes },
        { type: 'string', pattern: '^[0-9]+([.][0-9]+)? ?([KMGTkmgt]i?)?[Bb]?$' },
      ],
    },
    parse(raw) {
      const match = /^(\d+(?:\.\d+)?) ?([a-z]*)$/i.exec(typeof raw === 'number' ? `${raw}` : text(raw))
      const unit = match?.[2]?.toLowerCase() || 'b'
      const factor = sizeUnits[unit]
      if (factor === undefined && sizeUnits[`${unit}b`] !== undefined) {
        const capital = unit.toUpperCase()
        return { ok: false, expected, hint: `write ${capital}iB (1024) or ${capital}B (1000)` }
      }
      const value = Math.round(Number(match?.[1]) * (factor ?? Number.NaN))
      return Number.isSafeInteger(value) && value >= minBytes ? { ok: true, value } : { ok: false, expected }
    },
    show: showSize,
  }
}

export function showSize(bytes: number): string {
  for (const [unit, factor] of [
    ['TiB', 2 ** 40],
    ['GiB', 2 ** 30],
    ['MiB', 2 ** 20],
    ['KiB', 2 ** 10],
  ] as const) {
    if (bytes >= factor && bytes % factor === 0) return `${bytes / factor}${unit}`
  }
  return `${bytes}B`
}

const durationUnits: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/** Above this a timer would fire at once (setTimeout takes 31 bits). */
const maxDurationMs = 2 ** 31 - 1

/** Milliseconds: a plain number, or text such as `30s`, `5m`, `1h30m`. */
export function duration(minMs: number): Kind<number> {
  const expected = `a duration such as 30s, 5m, 1h30m or a number of milliseconds, from ${showDuration(minMs)} to 24d`
  return {
    name: 'duration',
    expected,
    schema: {
      anyOf: [
        { type: 'number', minimum: minMs, maximum: maxDurationMs },
        { type: 'string', pattern: '^([0-9]+|([0-9]+([.][0-9]+)?(ms|s|m|h|d))+)$' },
      ],
    },
    parse(raw) {
      const value = Math.round(typeof raw === 'number' ? raw : readDuration(text(raw)))
      return value >= minMs && value <= maxDurationMs ? { ok: true, value } : { ok: false, expected }
    },
    show: showDuration,
  }
}

function readDuration(written: string): number {
  if (/^\d+$/.test(written)) return Number(written)
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(written)) return Number.NaN
  let total = 0
  for (const [, amount, unit] of written.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) {
    total += Number(amount) * (durationUnits[unit ?? ''] ?? Number.NaN)
  }
  return total
}

export function showDuration(ms: number): string {
  if (ms === 0) return '0s'
  for (const [unit, factor] of [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1000],
  ] as const) {
    if (ms % factor === 0) return `${ms / factor}${unit}`
  }
  return `${ms}ms`
}

/** An absolute path. `~/` is the home folder; what is relative starts at the file's folder or the working folder. */
export const path: Kind<string> = {
  name: 'path',
  expected: 'a path',
  schema: { type: 'string', minLength: 1 },
  parse(raw, { folder, home }) {
    if (typeof raw !== 'string' || raw === '' || raw.includes('\0')) return { ok: false, expected: 'a path' }
    if (raw === '~' || raw.startsWith('~/')) return { ok: true, value: normalize(join(home, raw.slice(1))) }
    return { ok: true, value: normalize(isAbsolute(raw) ? raw : join(folder, raw)) }
  },
}

/** One line of printable ASCII without spaces, as it can stand in a header. */
export function word(minLength: number): Kind<string> {
  const expected = `at least ${minLength} printable ASCII characters without spaces (quote numbers)`
  return simpleKind({ name: 'text', expected, schema: { type: 'string', minLength } }, (raw) =>
    typeof raw === 'string' && raw.length >= minLength && /^[\x21-\x7e]+$/.test(raw) ? raw : undefined,
  )
}

/** A list, or one text with commas; empty parts are left out. */
export function list(name: string, item: Kind<string>): Kind<readonly string[]> {
  return {
    name: `list of ${name}`,
    expected: `a list of ${name}, or one text with commas`,
    schema: { anyOf: [{ type: 'array', items: item.schema }, { type: 'string' }] },
    parse(raw, place) {
      const parts = typeof raw === 'string' ? splitList(raw) : raw
      if (!Array.isArray(parts)) return { ok: false, expected: this.expected }
      const values: string[] = []
      for (const [index, part] of parts.entries()) {
        const parsed = item.parse(part, place)
        if (!parsed.ok) return { ...parsed, path: [index] }
        values.push(parsed.value)
      }
      return { ok: true, value: values }
    },
  }
}

/** `[]` is the way to say "none" in a variable, where an empty text means "not set". */
function splitList(written: string): string[] {
  const inner = /^\[(.*)\]$/.exec(written.trim())?.[1] ?? written
  return inner
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

function text(raw: unknown): string {
  return typeof raw === 'string' ? raw.trim() : ''
}
