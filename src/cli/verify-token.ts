import { resolve } from 'node:path'
import { isLoopback, isRemoteHttp } from '../clients/client.ts'
import { readTextFile } from '../config/read-text-file.ts'
import type { Config } from '../config/schema.ts'
import type { FlagValue } from './flags.ts'
import type { Io } from './io.ts'

type Token =
  | { readonly ok: true; readonly token: string | undefined; readonly warning: string | undefined }
  | { readonly ok: false; readonly message: string }

interface TokenOptions {
  readonly values: Readonly<Record<string, FlagValue>>
  readonly config: Config
  /** The Posthaste that is asked. */
  readonly base: string
  readonly io: Pick<Io, 'cwd'>
}

/** The admin token for the Posthaste that is asked: this machine's own goes to no other machine. */
export async function tokenFor({ values, config, base, io }: TokenOptions): Promise<Token> {
  const file = values['token-file']
  const { hostname } = new URL(base)
  if (typeof file !== 'string') {
    const isOwn = typeof values.url !== 'string' || isLoopback(hostname)
    return { ok: true, token: isOwn ? config.admin.token : undefined, warning: undefined }
  }
  const read = await readTextFile(resolve(io.cwd, file)).catch((error: unknown) =>
    error instanceof Error ? error : new Error(String(error)),
  )
  if (typeof read !== 'string') {
    const reason = read === undefined ? 'there is no such file' : read.message
    return { ok: false, message: `--token-file ${file} cannot be read: ${reason}` }
  }
  const token = read.trim()
  if (!/^[\x21-\x7e]+$/.test(token)) {
    return { ok: false, message: `--token-file ${file} holds no token: one line without blanks` }
  }
  const warning = isRemoteHttp(base) ? `the token goes to ${hostname} over plain http` : undefined
  return { ok: true, token, warning }
}
