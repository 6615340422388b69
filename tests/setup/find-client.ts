import { execFileSync } from 'node:child_process'
import { delimiter, dirname, sep } from 'node:path'
import { obtainClient, type PinnedClient } from '../clients/registry/obtain-client.ts'

export interface NeededClient {
  readonly command: string
  /** Of the command, when it could be another client's. */
  readonly version?: RegExp
  /** The version that is installed for `npm run test:all` where the machine has none. */
  readonly pinned?: PinnedClient
}

/** A PATH on which the client is, or why there is none. */
export type FoundClient = { readonly path: string } | { readonly missing: string }

/**
 * Looks in the folders of `POSTHASTE_TEST_CLIENTS=/a/bin:/b/bin`, on `path`, and in the full tier among the pinned
 * clients, so that two versions of one command can both be tried.
 */
export async function findClient(needed: NeededClient, path: string): Promise<FoundClient> {
  const { command, version, pinned } = needed
  if (command.startsWith('/')) return { path }
  const extra = (process.env.POSTHASTE_TEST_CLIENTS ?? '').split(delimiter).filter(Boolean)
  let missing = `${command} is not here`
  for (const candidate of [...extra.map((folder) => folder + delimiter + path), path]) {
    // The first on the PATH counts, as for the client's user.
    if (Bun.which(command, { PATH: candidate }) === null) continue
    const said = version === undefined ? '' : versionOf(command, candidate)
    if (version === undefined || version.test(said)) return { path: candidate }
    missing = `${command} is ${said}`
  }
  if (pinned === undefined || process.env.POSTHASTE_TEST_ALL !== '1') return { missing }
  const obtained = await obtainClient(pinned)
  if ('missing' in obtained) return obtained
  return { path: folderOf(obtained.command.at(-1) ?? '') + delimiter + path }
}

function versionOf(command: string, path: string): string {
  const env = { PATH: path, HOME: '/nonexistent', COREPACK_ENABLE_NETWORK: '0' }
  return execFileSync(command, ['--version'], { env, encoding: 'utf8', cwd: '/' }).trim()
}

/** npm keeps what can be called in `node_modules/.bin`. */
function folderOf(program: string): string {
  const mark = `${sep}node_modules${sep}`
  const at = program.indexOf(mark)
  return at === -1 ? dirname(program) : `${program.slice(0, at)}${mark}.bin`
}
