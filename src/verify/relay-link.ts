import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { WatchedRequest } from '../observe/request-watch.ts'
import type { Pinned, RegistryFacts } from './client-run.ts'

/** Whether the relay can tell what arrived. */
export type LogLink =
  | { readonly kind: 'watching' }
  /** It runs, and does not tell us. */
  | { readonly kind: 'closed'; readonly reason: string }
  | { readonly kind: 'down'; readonly reason: string }

export type SeenLog =
  | { readonly kind: 'read'; readonly requests: readonly WatchedRequest[] }
  | { readonly kind: 'unread'; readonly reason: string }

export interface RelayLink {
  /** From now on the relay keeps requests that hold the marker or one of the texts. */
  watch(marker: string, texts: readonly string[], seconds: number): Promise<LogLink>
  seen(marker: string): Promise<SeenLog>
  status(): Promise<unknown>
  /** Keys of kept objects, at most 1,000. */
  keptKeys(pattern: string): Promise<readonly { readonly key: string; readonly sizeBytes: number }[]>
  /** What the registry says through the relay; undefined when it does not. */
  facts(pinned: Pinned, address: string): Promise<RegistryFacts | undefined>
  /** A body, for its hash. Throws when it cannot be had. */
  bytes(url: string): Promise<Uint8Array>
}

export interface RelayLinkOptions {
  /** Without a slash at the end. */
  readonly base: string
  readonly token: string | undefined
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

interface Answer {
  readonly status: number
  readonly body: Uint8Array
}

const MAX_BODY = 64 * 1024 * 1024

/** Asks the relay itself, past every proxy variable: what `verify` looks at must not take a way of its own. */
export function relayLink({ base, token, timeoutMs, signal }: RelayLinkOptions): RelayLink {
  const ask = (url: string, method: 'GET' | 'POST', headers: Record<string, string> = {}) =>
    exchange(new URL(url), {
      method,
      headers,
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    })
  const admin = (method: 'GET' | 'POST', path: string) =>
    ask(
      `${new URL(base).origin}${path}`,
      method,
      token === undefined ? {} : { authorization: `Bearer ${token}` },
    )
  const adminJson = async (path: string): Promise<unknown> => {
    const answer = await admin('GET', path)
    if (answer.status !== 200) throw new Error(reasonOf(answer))
    return JSON.parse(textOf(answer))
  }
  return {
    watch: async (marker, texts, seconds) => {
      const query = new URLSearchParams({ marker, seconds: String(seconds) })
      for (const text of texts) query.append('text', text)
      try {
        const answer = await admin('POST', `/api/requests/watch?${query}`)
        return answer.status === 200 ? { kind: 'watching' } : { kind: 'closed', reason: reasonOf(answer) }
      } catch (error) {
        return { kind: 'down', reason: messageOf(error) }
      }
    },
    seen: async (marker) => {
      try {
        const found = await adminJson(`/api/requests?marker=${marker}`)
        return { kind: 'read', requests: (found as { requests: readonly WatchedRequest[] }).requests }
      } catch (error) {
        return { kind: 'unread', reason: messageOf(error) }
      }
    },
    status: () => adminJson('/api/status'),
    keptKeys: async (pattern) => {
      const found = await adminJson(`/api/cache/objects?limit=1000&pattern=${encodeURIComponent(pattern)}`)
      return (found as { objects: readonly { key: string; sizeBytes: number }[] }).objects
    },
    facts: async (pinned, address) => {
      try {
        if (pinned.ecosystem === 'npm') {
          const accept = 'application/vnd.npm.install-v1+json'
          const answer = await ask(`${address}/${pinned.name.replace('/', '%2f')}`, 'GET', { accept })
          return answer.status === 200 ? npmFacts(JSON.parse(textOf(answer)), pinned) : undefined
        }
        if (pinned.ecosystem === 'pypi') {
          const accept = 'application/vnd.pypi.simple.v1+json'
          const page = `${address}/${projectName(pinned.name)}/`
          const answer = await ask(page, 'GET', { accept })
          return answer.status === 200 ? pypiFacts(JSON.parse(textOf(answer)), pinned, page) : undefined
        }
        return undefined
      } catch {
        // Without it the proof of the bytes rests on less, and that is what is said.
        return undefined
      }
    },
    bytes: async (url) => {
      const answer = await ask(url, 'GET')
      if (answer.status !== 200) throw new Error(`${url} answers with status ${answer.status}`)
      return answer.body
    },
  }
}

/** PEP 503. */
export function projectName(name: string): string {
  return name.replaceAll(/[-_.]+/g, '-').toLowerCase()
}

function npmFacts(packument: unknown, { version }: Pinned): RegistryFacts | undefined {
  const dist = at(at(at(packument, 'versions'), version), 'dist')
  const [integrity, tarball] = [at(dist, 'integrity'), at(dist, 'tarball')]
  if (typeof integrity !== 'string' || typeof tarball !== 'string') return undefined
  return { hashes: [integrity.trim().split(/\s+/).at(-1) ?? ''], url: tarball }
}

function pypiFacts(page: unknown, { name, version }: Pinned, base: string): RegistryFacts | undefined {
  const files = at(page, 'files')
  if (!Array.isArray(files)) return undefined
  const stems = [`${projectName(name).replaceAll('-', '_')}-${version}`, `${projectName(name)}-${version}`]
  const own = files.flatMap((file: unknown) => {
    const [filename, url, sha256] = [at(file, 'filename'), at(file, 'url'), at(at(file, 'hashes'), 'sha256')]
    if (typeof filename !== 'string' || typeof url !== 'string' || typeof sha256 !== 'string') return []
    const isOwn = stems.some((stem) =>
      ['-', '.tar', '.zip'].some((end) => filename.toLowerCase().startsWith(stem + end)),
    )
    return isOwn ? [{ filename, url, hash: `sha256:${sha256}` }] : []
  })
  const taken = own.find(({ filename }) => filename.endsWith('.whl')) ?? own[0]
  if (taken === undefined) return undefined
  const hashes = [taken, ...own.filter((one) => one !== taken)].map(({ hash }) => hash)
  return { hashes, url: new URL(taken.url, base).href.split('#', 1)[0] ?? '' }
}

function at(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
}

function exchange(
  url: URL,
  options: { method: string; headers: Record<string, string>; signal: AbortSignal },
): Promise<Answer> {
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest
  return new Promise((resolve, reject) => {
    const auth = url.username === '' ? {} : { auth: decodeURIComponent(`${url.username}:${url.password}`) }
    const sent = request(url, { ...options, ...auth, agent: false }, (answer) => {
      const pieces: Uint8Array[] = []
      let length = 0
      answer.on('data', (piece: Uint8Array) => {
        length += piece.length
        if (length > MAX_BODY) answer.destroy(new Error('the answer is larger than 64 MiB'))
        else pieces.push(piece)
      })
      answer.on('error', reject)
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(pieces) }))
    })
    sent.on('error', reject)
    sent.end()
  })
}

function textOf({ body }: Answer): string {
  return new TextDecoder().decode(body)
}

function reasonOf(answer: Answer): string {
  try {
    const error = at(JSON.parse(textOf(answer)), 'error')
    if (typeof error === 'string') return error
  } catch {
    // No JSON: no Posthaste, or one of another time.
  }
  return `it answers with status ${answer.status}: no Posthaste that knows 'verify' is there`
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.name === 'TimeoutError' ? 'it does not answer in time' : error.message
}
