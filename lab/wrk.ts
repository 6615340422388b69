import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

export interface WrkOptions {
  readonly seconds: number
  /** Default 32, on one thread. */
  readonly connections?: number
  /** Path of a Lua script. */
  readonly script?: string
}

export interface WrkResult {
  readonly requestsPerSecond: number
  readonly requests: number
}

/** Throughput by `wrk`. Throws when it is absent, and when any answer was an error: a fast failure is no figure. */
export async function wrk(address: string, options: WrkOptions): Promise<WrkResult> {
  if (!Bun.which('wrk')) throw new Error('this row needs wrk (Debian: apt-get install wrk)')
  const args = ['-t1', `-c${options.connections ?? 32}`, `-d${options.seconds}s`, '--timeout', '10s']
  if (options.script !== undefined) args.push('-s', options.script)
  const { stdout } = await promisify(execFile)('wrk', [...args, address])
  return parseWrk(stdout)
}

export function parseWrk(text: string): WrkResult {
  const bad = /Non-2xx or 3xx responses: \d+|Socket errors: .*/.exec(text)
  if (bad) throw new Error(`wrk saw errors: ${bad[0]}`)
  const rate = /Requests\/sec:\s+([\d.]+)/.exec(text)
  const total = /(\d+) requests in/.exec(text)
  if (!rate || !total) throw new Error(`wrk printed no rate: ${text.slice(-300)}`)
  return { requestsPerSecond: Number(rate[1]), requests: Number(total[1]) }
}
