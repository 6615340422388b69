/** How each package manager is made to fetch one package, and what its words say about the way it took. */

import type { ClientId } from '../clients/client.ts'
import type { Machine } from '../clients/machine.ts'
import type { EcosystemId } from '../ecosystems/ecosystem.ts'

/** One version of a package. */
export interface Pinned {
  readonly ecosystem: EcosystemId
  readonly name: string
  /** As the ecosystem writes it: `v1.5.2` for Go, else `1.5.2`. */
  readonly version: string
  /** `h1:…`, `sha512-…` or `sha256:…`, where it is known without asking anybody. */
  readonly hash?: string
}

/** What the registry says of the pinned version, as the relay hands it on. */
export interface RegistryFacts {
  /** `sha512-…` or `sha256:…`, one for each file of the version: `url`'s is the first. */
  readonly hashes: readonly string[]
  /** Where the file that most clients take lies. */
  readonly url: string
}

/** Where one run happens: all that it writes lies below `folder`. */
export interface RunPlace {
  readonly machine: Machine
  readonly command: string
  readonly folder: string
  readonly marker: string
  readonly pinned: Pinned
  /** Undefined when the relay did not tell. */
  readonly facts: RegistryFacts | undefined
}

/** A command of the client. Its environment is the user's own, with what is named here on top. */
export interface Step {
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
}

export interface StepResult {
  readonly code: number | undefined
  readonly stdout: string
  readonly stderr: string
  /** It was ended because it took too long. */
  readonly timedOut: boolean
}

/** Where the bytes are that the client got. */
export type Artifact =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'url'; readonly url: string }
  /** Already hashed, by the client or with it. */
  | { readonly kind: 'hash'; readonly hash: string }

/** What a run says. */
export interface Reading {
  /** The client has the package. */
  readonly ok: boolean
  /** Its own words when it has not; one line. */
  readonly said: string
  /** Addresses that it says it asked for the package; those of its setting where it tells no more. */
  readonly asked: readonly string[]
  readonly asking: 'requests' | 'setting'
  readonly artifact: Artifact | undefined
  /** Hashes that the client itself checked against, and who vouches for them. */
  readonly expected: readonly Expected[]
  /** For people: what else its words tell about the way it takes. */
  readonly notes: readonly string[]
}

export interface Expected {
  /** The bytes must have one of these. */
  readonly hashes: readonly string[]
  /** `the checksum database`. */
  readonly by: string
}

export interface ClientRun {
  readonly client: ClientId
  /** Where the marker stands: in the User-Agent of every request, or as a name that is asked for first. */
  readonly marks: 'user-agent' | 'name'
  /** Whether the client itself fetches the file, or only what is said about it. */
  readonly fetches: 'file' | 'metadata'
  /** Makes files below the place's folder if it must. */
  steps(place: RunPlace): Promise<readonly Step[]>
  read(results: readonly StepResult[], place: RunPlace): Promise<Reading>
}

/** Variables that lead what a client keeps and logs below the folder, and keep it from looking for updates. */
export function privateFolders(folder: string): Readonly<Record<string, string>> {
  return {
    XDG_CACHE_HOME: `${folder}/cache`,
    XDG_DATA_HOME: `${folder}/share`,
    XDG_STATE_HOME: `${folder}/state`,
    TMPDIR: folder,
    PYTHONDONTWRITEBYTECODE: '1',
    NO_UPDATE_NOTIFIER: '1',
    COREPACK_ENABLE_DOWNLOAD_PROMPT: '0',
    COREPACK_ENABLE_NETWORK: '0',
    NO_COLOR: '1',
    CI: '1',
  }
}

/** The last line that says something, cut to a length that fits a terminal. */
export function lastWords(...texts: readonly string[]): string {
  const lines = texts.flatMap((text) => text.split('\n')).map((line) => line.trim())
  const telling = lines.findLast((line) => /\b(error|ERR|fail|cannot|refused|denied|not found)/i.test(line))
  return (telling ?? lines.findLast((line) => line !== '') ?? '').slice(0, 300).toWellFormed()
}

/** Every match's first group, each once, in order. */
export function addressesIn(text: string, pattern: RegExp): string[] {
  return [
    ...new Set([...text.matchAll(pattern)].flatMap((match) => (match[1] === undefined ? [] : [match[1]]))),
  ]
}
