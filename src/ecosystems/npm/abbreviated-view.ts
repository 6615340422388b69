import type { Transform } from '../ecosystem.ts'
import { type JsonReader, type Span, spliced } from '../json-scan.ts'
import {
  type Change,
  changedAddresses,
  distChanges,
  type OwnAddresses,
  ownAddresses,
} from './own-addresses.ts'
import { valuesOf, walkPackument } from './packument.ts'

/**
 * What a resolver reads of a version: npm's package-metadata document, and what npm, pnpm, yarn and bun came to
 * need since (`libc`, `peerDependenciesMeta`, `funding`, `acceptDependencies`).
 */
const kept: ReadonlySet<string> = new Set([
  'name',
  'version',
  'deprecated',
  'dependencies',
  'optionalDependencies',
  'devDependencies',
  'bundleDependencies',
  'bundledDependencies',
  'peerDependencies',
  'peerDependenciesMeta',
  'acceptDependencies',
  'bin',
  'directories',
  'dist',
  'engines',
  'os',
  'cpu',
  'libc',
  'funding',
  '_hasShrinkwrap',
  'hasInstallScript',
  // No registry's own form has these; where it has none, npm copies them out of the full one into its lock file.
  'license',
  'workspaces',
])
const keptAtTop: ReadonlySet<string> = new Set(['name', 'dist-tags', 'versions', 'modified', 'time'])

/** No abbreviated packument holds one of these; every full one holds some. */
const onlyInFull: ReadonlySet<string> = new Set([
  '_id',
  '_rev',
  'readme',
  'maintainers',
  'description',
  'repository',
  'license',
  'scripts',
])

/**
 * The abbreviated packument: the source's own when it sent one, else made of the full one that it sent instead.
 * `time` is added from the full packument (`beside`), so that nobody fetches that for the dates alone.
 */
export const abbreviatedView: Transform = function* ({ body, beside, params }) {
  const own = ownAddresses(params)
  const shape = shapeOf(body)
  if (shape.isFull) {
    yield* abbreviated(body, own, shape)
    return
  }
  const changes = changedAddresses(body, own)
  const time = shape.hasTime || beside === undefined ? undefined : timeOf(beside)
  if (time !== undefined)
    changes.push({ span: { start: shape.end - 1, end: shape.end - 1 }, text: `,"time":${time}` })
  yield* spliced(body, changes)
}

interface Shape {
  readonly isFull: boolean
  readonly hasTime: boolean
  readonly hasModified: boolean
  /** The text of `time.modified`, with its quotes. */
  readonly modified: string | undefined
  /** Behind the closing brace. */
  readonly end: number
}

function shapeOf(body: Uint8Array): Shape {
  let isFull = false
  let hasTime = false
  let hasModified = false
  let modified: string | undefined
  valuesOf(body)({
    member: (key, values) => {
      if (onlyInFull.has(key)) isFull = true
      if (key === 'modified') hasModified = true
      if (key !== 'time') return
      hasTime = true
      if (values.kind() !== 'object') return
      values.object((when) => {
        if (when === 'modified' && values.kind() === 'string') modified = values.raw()
      })
    },
  })
  let end = body.length
  while (body[end - 1] !== 0x7d) end--
  return { isFull, hasTime, hasModified, modified, end }
}

/** Raw text of the packument's `time`, when it is an object. */
function timeOf(packument: Uint8Array): string | undefined {
  let time: string | undefined
  walkPackument(packument, {
    member: (key, _span, reader) => {
      if (key === 'time') time = reader.kind() === 'object' ? reader.read(reader.value()) : undefined
    },
  })
  return time
}

/** What is not kept falls out, with its comma; what is kept stays byte for byte. */
function* abbreviated(body: Uint8Array, own: OwnAddresses, shape: Shape): Generator<Uint8Array> {
  const parts: (Span | string)[] = []
  let isFirst = true
  const open = (text: string) => {
    parts.push(isFirst ? text : `,${text}`)
    isFirst = true
  }
  const keep = (from: Span, to: Span) => {
    if (!isFirst) parts.push(',')
    isFirst = false
    parts.push({ start: from.start, end: to.end })
  }
  const close = () => {
    parts.push('}')
    isFirst = false
  }

  open('{')
  walkPackument(body, {
    member: (key, keySpan, reader) => {
      if (keptAtTop.has(key)) keep(keySpan, reader.value())
    },
    opensVersions: () => open('"versions":{'),
    closesVersions: close,
    version: (version, versionSpan, reader) => {
      open(`${reader.read(versionSpan)}:{`)
      let installs = false
      let saysSo = false
      reader.object((key, keySpan) => {
        if (key === 'scripts') installs = hasInstallScript(reader)
        if (!kept.has(key)) return
        if (key === 'hasInstallScript') saysSo = true
        const changes: Change[] = []
        const value = key === 'dist' ? distSpan(reader, version, own, changes) : reader.value()
        keep(keySpan, value)
        for (const change of changes) splitLast(parts, change)
      })
      if (installs && !saysSo) parts.push(`${isFirst ? '' : ','}"hasInstallScript":true`)
      close()
    },
  })
  if (!shape.hasModified && shape.modified !== undefined) open(`"modified":${shape.modified}`)
  parts.push('}')

  for (const part of parts) {
    yield typeof part === 'string' ? Buffer.from(part) : body.subarray(part.start, part.end)
  }
}

function distSpan(reader: JsonReader, version: string, own: OwnAddresses, changes: Change[]): Span {
  if (reader.kind() !== 'object') return reader.value()
  return distChanges(reader, version, own, changes)
}

/** Puts a change into the span that was kept last. */
function splitLast(parts: (Span | string)[], { span, text }: Change): void {
  const last = parts.pop()
  if (last === undefined || typeof last === 'string') throw new Error('a change lies in no span')
  parts.push({ start: last.start, end: span.start }, text, { start: span.end, end: last.end })
}

/** npm runs these three; an abbreviated packument says only that there are some. */
function hasInstallScript(reader: JsonReader): boolean {
  if (reader.kind() !== 'object') return false
  let has = false
  reader.object((script) => {
    if (script === 'preinstall' || script === 'install' || script === 'postinstall') has = true
  })
  return has
}
