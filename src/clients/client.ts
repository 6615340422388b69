/** The one interface that every package manager implements, and the data it speaks to `setup` in. */

import type { EcosystemId } from '../ecosystems/ecosystem.ts'
import type { Machine } from './machine.ts'

export type ClientId =
  | 'go'
  | 'npm'
  | 'pnpm'
  | 'yarn1'
  | 'yarn4'
  | 'bun'
  | 'pip'
  | 'uv'
  | 'poetry'
  | 'pdm'
  | 'cargo'
  | 'mvn'
  | 'gradle'

export const scopes = ['user', 'project'] as const
export type Scope = (typeof scopes)[number]

export type Setter = 'environment' | 'project' | 'user' | 'site' | 'system' | 'default'

/** One place where a client looks for its address. */
export interface Layer {
  readonly setter: Setter
  /** For people: `PIP_INDEX_URL in ~/.bashrc:12`, a path with its line. */
  readonly where: string
  /** The file that holds the setting; undefined for the environment and for what is built in. */
  readonly file?: string
  /** As it is written there; undefined when nothing is. May hold credentials: mask it before it is shown. */
  readonly value: string | undefined
}

export interface Presence {
  /** The command's path, undefined when it is not installed. */
  readonly command: string | undefined
  /** Told only where a client's settings depend on it. */
  readonly version?: string
}

export interface Wanted {
  readonly scope: Scope
  /** The client's own address: BASE with the client's path, or a mirror's; without a slash at the end. */
  readonly address: string
  /** Addresses that earlier runs of setup wrote for this client, and that stand still. */
  readonly earlier: readonly string[]
  /** Go only: a mirror that is asked when the relay cannot be reached. */
  readonly fallback: string | undefined
  /** Names that the server refuses to ask for. */
  readonly privatePatterns: readonly string[]
  /** Whether an address is that of a mirror for everybody; all others may be a company's own. */
  readonly isPublic: (address: string) => boolean
}

/** The client's own way to write a setting, tried on a copy of the file. */
export interface OwnCommand {
  readonly argv: readonly [string, ...string[]]
  /** Where the copy must lie below the private folder, and what makes the client take it for the real file. */
  readonly copy: string
  readonly env: (folder: string, copy: string) => Readonly<Record<string, string | undefined>>
}

export type Edited =
  | { readonly ok: true; readonly text: string }
  /** Nothing is written; says what stands in the way and what the person can do. */
  | { readonly ok: false; readonly reason: string; readonly hint: string }

/** A change of one file. */
export interface FileEdit {
  readonly path: string
  /** The settings that it changes, for people. */
  readonly keys: readonly string[]
  /** Pure; gets the empty text for a file that is not there. Gives the same text when all is as wanted. */
  readonly edit: (text: string) => Edited
  readonly own?: OwnCommand
}

export type Plan =
  | {
      readonly possible: true
      /** What the setting reads as afterwards. */
      readonly value: string
      readonly edits: readonly FileEdit[]
      /** The address that this scope had before, when somebody had set one; never our own. */
      readonly previous: string | undefined
      /** Other clients that read the very file, and so had the same address before. */
      readonly sharedWith?: readonly ClientId[]
      /** For people, a sentence each. */
      readonly notes: readonly string[]
    }
  | { readonly possible: false; readonly reason: string; readonly hint: string }

/** A package manager whose settings can be read and changed. Does no output and asks nothing. */
export interface Client {
  readonly id: ClientId
  /** `Yarn 4`. */
  readonly title: string
  /** Other words that a person may use for it. */
  readonly aliases?: readonly string[]
  readonly ecosystem: EcosystemId
  /** What follows BASE, without a slash at the end: `/pypi/simple`. */
  readonly path: string
  /** The setting's name: `registry`. Also its key in the journal of former addresses. */
  readonly setting: string
  /** Where its address can be set at all. */
  readonly scopes: readonly Scope[]
  /** Names of its lock files. */
  readonly locks: readonly string[]
  detect(machine: Machine): Promise<Presence>
  /** Strongest first. A layer whose value is undefined shows where a setting could stand. Throws what the file system says. */
  read(machine: Machine, presence: Presence): Promise<readonly Layer[]>
  /** Throws what the file system says. */
  plan(machine: Machine, presence: Presence, wanted: Wanted): Promise<Plan>
}

export function impossible(reason: string, hint: string): Plan {
  return { possible: false, reason, hint }
}

/** What the client takes: the first layer that holds a value. */
export function effective(layers: readonly Layer[]): Layer | undefined {
  return layers.find(({ value }) => value !== undefined)
}

/** True when two settings lead to the same place, whatever slash they end in. */
export function sameValue(a: string, b: string): boolean {
  const bare = (text: string) => text.trim().replace(/\/+$/, '')
  return bare(a) === bare(b)
}

/** Where a relay answers below BASE; other paths, a root above all, say nothing of who answers there. */
const relayPaths: readonly string[] = ['/go', '/npm', '/pypi/simple', '/cargo', '/maven']

/** True for an address that setup writes or wrote, and for the same path of a relay on this machine. */
export function isOurs(value: string, { address, earlier }: Pick<Wanted, 'address' | 'earlier'>): boolean {
  const bare = value.trim().replace(/^sparse\+/, '')
  if ([address, ...earlier].some((one) => sameValue(bare, one))) return true
  const [mine, theirs] = [URL.parse(address), URL.parse(bare)]
  if (mine === null || theirs === null) return false
  const path = mine.pathname.replace(/\/+$/, '')
  return relayPaths.includes(path) && isLoopback(theirs.hostname) && sameValue(path, theirs.pathname)
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host)
}

/** For a warning: packages and tokens would cross the network unprotected. */
export function isRemoteHttp(address: string): boolean {
  const url = URL.parse(address)
  return url !== null && url.protocol === 'http:' && !isLoopback(url.hostname)
}
