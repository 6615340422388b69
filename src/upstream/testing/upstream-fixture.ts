/** Shortens the way from a fake server to an answer. */

import { type ConfiguredUpstream, createUpstream } from '../create-upstream.ts'
import type { UpstreamLimits } from '../limits.ts'
import type { Address, Network } from '../network.ts'
import { systemNetwork } from '../network.ts'
import type { UpstreamOptions } from '../options.ts'
import type { SourceList, SourceStep } from '../source-list.ts'
import type { UpstreamAnswer, UpstreamFailure, UpstreamRequest, Walk } from '../upstream.ts'
import { UpstreamError } from '../upstream.ts'

/** Long enough for loopback on a busy machine; a test that waits for a limit sets that one short. */
export const patientLimits: Partial<UpstreamLimits> = {
  dnsMs: 3000,
  connectMs: 3000,
  staggerMs: 20,
  handshakeMs: 3000,
  firstByteMs: 4000,
  stallMs: 4000,
  stallBytes: 64,
  budgetMs: 10_000,
}

/** A GOPROXY-like string over base addresses: `http://a|http://b,direct`. */
export function listOf(text: string): SourceList {
  const steps: SourceStep[] = []
  for (const match of text.matchAll(/([^,|]+)([,|]?)/g)) {
    const [, url = '', separator] = match
    if (url === 'direct' || url === 'off') steps.push({ kind: url })
    else {
      const next = separator === ',' || separator === '|' ? separator : undefined
      steps.push({ kind: 'source', id: new URL(url).host, url, next, foundIn: 'a test', origin: false })
    }
  }
  return steps
}

export function upstreamOf(
  list: string,
  options: Partial<UpstreamOptions> = {},
): ConfiguredUpstream & AsyncDisposable {
  const upstream = createUpstream({
    lists: { go: listOf(list) },
    version: '0.0.1',
    instanceId: 'me',
    ...options,
    limits: { ...patientLimits, ...options.limits },
  })
  return Object.assign(upstream, { [Symbol.asyncDispose]: () => upstream.close() })
}

export const request: UpstreamRequest = {
  sources: 'go',
  path: 'm/@v/v1.0.0.zip',
  shape: 'blob',
  maxBytes: 1 << 20,
}

export function ask(
  upstream: ConfiguredUpstream,
  change: Partial<UpstreamRequest> = {},
): Promise<UpstreamAnswer> {
  return upstream.walk({ ...request, ...change }).next(new AbortController().signal)
}

export function nextOf(walk: Walk): Promise<UpstreamAnswer> {
  return walk.next(new AbortController().signal)
}

/** The whole body. @throws when the answer has none, and what the body throws */
export async function bodyOf(answer: UpstreamAnswer): Promise<Buffer> {
  if (answer.kind !== 'found') throw new Error(`no body in ${JSON.stringify(answer)}`)
  const chunks: Uint8Array[] = []
  for await (const chunk of answer.body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

export async function textOf(answer: UpstreamAnswer): Promise<string> {
  return (await bodyOf(answer)).toString()
}

/** The failure of an answer, or of the body that it has. */
export async function failureOf(answer: UpstreamAnswer): Promise<UpstreamFailure> {
  if (answer.kind === 'failed') return answer.failure
  try {
    await bodyOf(answer)
  } catch (error) {
    if (error instanceof UpstreamError) return error.failure
    throw error
  }
  throw new Error(`no failure in ${answer.kind}`)
}

/** A network in which names lead where the table says; everything else is the machine's own. */
export function namedNetwork(names: Readonly<Record<string, readonly string[]>>): Network {
  const system = systemNetwork()
  return {
    connect: system.connect,
    lookup: async (host) => {
      const found = names[host]
      if (found === undefined) throw Object.assign(new Error(`no ${host}`), { code: 'ENOTFOUND' })
      const addresses: Address[] = found.map((address) => ({
        address,
        family: address.includes(':') ? 6 : 4,
      }))
      return { addresses, ttlMs: 60_000 }
    },
  }
}
