import type { ClientId, Scope } from '../../../src/clients/client.ts'

/** A settings file as people have them, and what setup is to make of it. */
export interface CorpusCase {
  readonly name: string
  readonly client: ClientId
  /** Told to the client as its version. */
  readonly version?: string
  readonly scope?: Scope
  /** Relative to the home; for `project` to the project's folder. */
  readonly path: string
  /** Undefined: there is no file yet. */
  readonly content: string | Uint8Array | undefined
  /** Other files that must be there, relative to the home. */
  readonly others?: Readonly<Record<string, string>>
  readonly mode?: number
  /** The file is a link to this, relative to the home; `content` lies there. */
  readonly linkTo?: string
  /** Below the temporary folder; default `home`. */
  readonly home?: string
  /** How many of the file's own lines are changed; all others stay, in order. Default 0. */
  readonly changes?: number
  /** The file is left alone for this reason. */
  readonly refused?: RegExp
  /** It is as wanted already. */
  readonly done?: true
}

export const BASE = 'http://127.0.0.1:7678'
export const BOM = '\ufeff'

export function crlf(text: string): string {
  return text.replaceAll('\n', '\r\n')
}

/** A text in an old code page. */
export function latin1(text: string): Uint8Array {
  return Buffer.from(text, 'latin1')
}
