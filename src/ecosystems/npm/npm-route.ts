/** Where a name's requests go; decided once per name, so that no public registry is asked for a private one. */

export interface NpmRoute {
  /** The list of sources that is asked. */
  readonly sources: string
  /** The list that takes what is written; it has one source at most. */
  readonly writes: string
  readonly isPrivate: boolean
  /** The sources have no credentials here: a client's own are passed on, and what they open is not kept. */
  readonly passesTokens: boolean
}

/** The public registry; private lists have names of their own. */
export const publicRoute: NpmRoute = {
  sources: 'npm',
  writes: 'npm-writes',
  isPrivate: false,
  passesTokens: false,
}
