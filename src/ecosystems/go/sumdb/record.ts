import { decodeText } from './note.ts'

export interface LookupAnswer {
  /** The record's number in the log. */
  readonly id: number
  /** What the log's hash covers: the lines of go.sum, the last newline included. */
  readonly record: Uint8Array
  /** The signed tree head that came with it. */
  readonly head: Uint8Array
}

/** Takes apart the body of `lookup/M@V`; undefined when it is none. Nothing in it is trusted yet. */
export function parseLookup(bytes: Uint8Array): LookupAnswer | undefined {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const first = body.indexOf('\n')
  if (first < 1 || first > 16) return undefined
  const idText = body.toString('latin1', 0, first)
  if (!/^(?:0|[1-9][0-9]*)$/.test(idText)) return undefined
  const end = body.indexOf('\n\n', first + 1)
  const record = body.subarray(first + 1, end + 1)
  if (end <= first + 1 || decodeText(record) === undefined) return undefined
  return { id: Number(idText), record, head: body.subarray(end + 2) }
}

/** The path of a record, of a module and version that are well-formed: an upper-case X becomes `!x`. */
export function lookupPath(module: string, version: string): string {
  const escaped = (text: string): string => text.replaceAll(/[A-Z]/g, (letter) => `!${letter.toLowerCase()}`)
  return `lookup/${escaped(module)}@${escaped(version)}`
}

export interface RecordHashes {
  readonly mod?: string
  readonly zip?: string
}

/** The hashes that a record gives for one module version, as `h1:…`. The first line of each kind counts. */
export function hashesOf(record: Uint8Array, module: string, version: string): RecordHashes {
  const lines = (decodeText(record) ?? '').split('\n')
  const find = (prefix: string): string | undefined =>
    lines.find((line) => line.startsWith(`${prefix} h1:`))?.slice(prefix.length + 1)
  const mod = find(`${module} ${version}/go.mod`)
  const zip = find(`${module} ${version}`)
  return { ...(mod === undefined ? {} : { mod }), ...(zip === undefined ? {} : { zip }) }
}
