import type { Obtained } from './obtain-client.ts'

export interface ClientProject {
  /** What the project asks for: name to range. */
  readonly requires: Readonly<Record<string, string>>
  /** The registry's address as this client is told it, without a slash at the end. */
  readonly registry: string
}

/** Where one run of a client lives: nothing of it is shared with any other run. */
export interface ClientPlace {
  readonly home: string
  readonly project: string
  readonly registry: string
}

/** A package manager, as the table of cases needs to know it. */
export interface RegistryClient {
  /** `npm-8`; unique. */
  readonly id: string
  readonly ecosystem: 'go' | 'npm' | 'pypi'
  /** Runs in `npm test` too; the others in `npm run test:all`. */
  readonly isQuick: boolean
  /** The lock files' names; none for a client that keeps none. */
  readonly lockFiles: readonly string[]
  /** Which addresses a lock file holds: none, the registry's base with the same path behind it, or files' own. */
  readonly lockAddresses: 'none' | 'base' | 'files'
  /** A line of the lock file that follows from the registry's address. */
  readonly lockHash?: { readonly pattern: RegExp; readonly shown: string }
  /** A client that reads addresses at this host in a lock file as the configured registry's. */
  readonly canonical?: { readonly host: string; readonly env: Readonly<Record<string, string>> }
  /** It does so also where the configured registry has a path. */
  readonly mendsPrefix?: boolean
  obtain(): Promise<Obtained>
  /** The project's files by name, its lock files aside. */
  files(project: ClientProject): Readonly<Record<string, string>>
  env(place: ClientPlace): Readonly<Record<string, string>>
  /** Resolves, writes the lock files and installs. */
  readonly install: readonly string[]
  /** Installs what the lock files say; undefined for a client that keeps none. */
  readonly installLocked: readonly string[] | undefined
  /** Arguments that make a client tell why a page could not be had, where by default it does not. */
  readonly causeWith?: readonly string[]
  /** For an upstream that fails: the client says so soon instead of asking for minutes. */
  readonly fewRetries?: Readonly<Record<string, string>>
  /** What lies in the project after an install: `name@version`, sorted. */
  installed(project: string): Promise<string[]>
}
