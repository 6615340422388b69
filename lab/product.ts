import { join } from 'node:path'
import { type Program, residentBytes, startProgram } from './program.ts'

export interface ProductOptions {
  readonly dataDir: string
  /** A GOPROXY string. */
  readonly goUpstream: string
  /** Default `off`. */
  readonly goSumdb?: string
  /** More variables. */
  readonly env?: Readonly<Record<string, string>>
  readonly args?: readonly string[]
  /** Default: this repository's `bin/posthaste`. */
  readonly program?: string
}

export interface Product extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`, without a slash at the end. */
  readonly url: string
  /** What a client's GOPROXY is set to. */
  readonly goproxy: string
  readonly pid: number
  readonly readyAfterMs: number
  rssBytes(when?: 'now' | 'peak'): Promise<number>
  stop(): Promise<void>
}

export const ownProgram = join(import.meta.dirname, '..', 'bin', 'posthaste')

/** Posthaste itself, from outside: its command, its variables, its ready line. */
export async function startProduct(options: ProductOptions): Promise<Product> {
  const program: Program = await startProgram({
    command: [
      options.program ?? ownProgram,
      ...['serve', '--listen', '127.0.0.1:0', '--data', options.dataDir, '--log', 'off'],
      ...(options.args ?? []),
    ],
    env: {
      ...withoutSettings(),
      POSTHASTE_GO_UPSTREAM: options.goUpstream,
      POSTHASTE_GO_SUMDB: options.goSumdb ?? 'off',
      ...options.env,
    },
    cwd: options.dataDir,
    readyLine: /^posthaste ready on (http:\/\/\S+)/m,
  })
  const url = program.ready.replace(/\/$/, '')
  return {
    url,
    goproxy: `${url}/go`,
    pid: program.pid,
    readyAfterMs: program.readyAfterMs,
    rssBytes: (when) => residentBytes(program.pid, when),
    stop: async () => {
      await program.stop()
    },
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  }
}

/** What the person at this machine has set for their own Posthaste must not change a measurement. */
function withoutSettings(): Record<string, undefined> {
  const names = Object.keys(process.env).filter((name) => name.startsWith('POSTHASTE_'))
  return Object.fromEntries(names.map((name) => [name, undefined]))
}
