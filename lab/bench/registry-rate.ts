import { writeFile } from 'node:fs/promises'
import http from 'node:http'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { wrk } from '../wrk.ts'

export type RequestHeaders = Readonly<Record<string, string>>

/** Requests per second by `wrk` with these headers; its script is written into `folder`. */
export async function fastRate(
  address: string,
  headers: RequestHeaders,
  options: { readonly seconds: number; readonly folder: string },
): Promise<number> {
  const lines = Object.entries(headers).map(
    ([name, value]) => `wrk.headers[${JSON.stringify(name)}] = ${JSON.stringify(value)}\n`,
  )
  const script = join(options.folder, `${Bun.hash(lines.join('')).toString(16)}.lua`)
  await writeFile(script, lines.join(''))
  return (await wrk(address, { seconds: options.seconds, script })).requestsPerSecond
}

const SLOW_CONNECTIONS = 4

/**
 * Requests per second of a server that may need many seconds for one: 4 connections, until `seconds` are over and
 * one answer at least has come. After `limitSeconds` without any, what it cannot have exceeded: one in that time.
 */
export async function slowRate(
  address: string,
  headers: RequestHeaders,
  options: { readonly seconds: number; readonly limitSeconds?: number },
): Promise<number> {
  const limitMs = (options.limitSeconds ?? 60) * 1000
  using agent = keepAliveAgent()
  const stop = new AbortController()
  const began = performance.now()
  let done = 0
  let lastMs = 0
  const one = async () => {
    while (performance.now() - began < options.seconds * 1000) {
      await ask(address, headers, agent.agent, stop.signal)
      done++
      lastMs = performance.now() - began
    }
  }
  const timer = setTimeout(() => stop.abort(), limitMs)
  try {
    await Promise.all(Array.from({ length: SLOW_CONNECTIONS }, one))
  } catch (error) {
    if (!stop.signal.aborted) throw error
  } finally {
    clearTimeout(timer)
  }
  return done === 0 ? 1000 / limitMs : (done * 1000) / lastMs
}

/** Whether a rate that `slowRate` gave is only what it cannot have exceeded. */
export const isBound = (rate: number) => rate <= 1 / 60

export interface FetchedBody {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  /** Without its gzip. */
  readonly bytes: Buffer
}

/** One request on a connection of its own. */
export async function fetchBody(address: string, headers: RequestHeaders): Promise<FetchedBody> {
  using agent = keepAliveAgent()
  const answer = await ask(address, headers, agent.agent, AbortSignal.timeout(300_000), 'keep')
  const isZipped = answer.headers['content-encoding'] === 'gzip'
  return { ...answer, bytes: isZipped ? gunzipSync(answer.bytes) : answer.bytes }
}

function keepAliveAgent() {
  const agent = new http.Agent({ keepAlive: true })
  return { agent, [Symbol.dispose]: () => agent.destroy() }
}

function ask(
  address: string,
  headers: RequestHeaders,
  agent: http.Agent,
  signal: AbortSignal,
  keep?: 'keep',
): Promise<FetchedBody> {
  return new Promise((resolve, reject) => {
    const request = http.get(address, { agent, headers: { ...headers }, signal }, (answer) => {
      const pieces: Buffer[] = []
      answer.on('data', (piece: Buffer) => {
        if (keep !== undefined) pieces.push(piece)
      })
      answer.on('error', reject)
      answer.on('end', () => {
        const status = answer.statusCode ?? 0
        const isGood = (status >= 200 && status < 300) || status === 304
        if (isGood || keep !== undefined)
          resolve({ status, headers: answer.headers, bytes: Buffer.concat(pieces) })
        else reject(new Error(`${address} is answered with ${status}`))
      })
    })
    request.on('error', reject)
  })
}
