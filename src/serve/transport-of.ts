import type { Config } from '../config/schema.ts'
import { upstreamOptions } from '../sources/upstream-options.ts'

/** A file that a credential names cannot be read. */
export class CredentialFileError extends Error {
  override readonly name = 'CredentialFileError'
  readonly code = 'credentials.unreadable'
  readonly hint =
    'Correct the path after `netrc:` in upstream.credentials, or let the user that runs Posthaste read it.'
}

/** The transport's settings. Throws CredentialFileError. */
export async function transportOf(
  config: Config,
  env: Readonly<Record<string, string | undefined>>,
): ReturnType<typeof upstreamOptions> {
  try {
    return await upstreamOptions(config, env)
  } catch (error) {
    const path = error instanceof Error && 'path' in error ? String(error.path) : undefined
    if (path === undefined) throw error
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
    const message = `upstream.credentials names ${path}, which cannot be read (${reason})`
    throw new CredentialFileError(message, { cause: error })
  }
}
