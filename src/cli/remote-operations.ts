import { request as send } from 'node:http'
import type { CacheOperations } from '../cache/operations.ts'
import type { ListFilter, ObjectSummary, StoreStats, VerifySummary } from '../store/store.ts'

/** The server answered, but not as it should; `hint` says what to do. */
export class AdminApiError extends Error {
  override readonly name = 'AdminApiError'
  readonly code = 'admin.failed'
  readonly hint: string
  constructor(message: string, hint: string, options?: ErrorOptions) {
    super(message, options)
    this.hint = hint
  }
}

/** The operations of a running server, through its admin API. */
export function remoteOperations(url: string, token: string | undefined): CacheOperations {
  const call = async <T>(method: 'GET' | 'POST', path: string, parameters: Record<string, string>) => {
    const address = new URL(path, url)
    for (const [name, value] of Object.entries(parameters)) address.searchParams.set(name, value)
    return (await adminRequest(method, address, token)) as T
  }
  return {
    stats: () => call<StoreStats>('GET', '/api/cache/stats', {}),
    async *list(filter) {
      let after = filter.after
      let left = filter.limit ?? Number.POSITIVE_INFINITY
      while (left > 0) {
        const page = await call<{ objects: ObjectSummary[]; next: string | null }>(
          'GET',
          '/api/cache/objects',
          parametersOf({
            ...filter,
            ...(after === undefined ? {} : { after }),
            limit: Math.min(left, 1_000),
          }),
        )
        yield* page.objects
        left -= page.objects.length
        if (page.next === null) return
        after = page.next
      }
    },
    verify: () => call<VerifySummary>('POST', '/api/cache/verify', {}),
    collect: (targetBytes) =>
      call('POST', '/api/cache/gc', targetBytes === undefined ? {} : { targetBytes: String(targetBytes) }),
    remove: (pattern) => call('POST', '/api/cache/remove', { pattern }),
  }
}

function parametersOf({ pattern, after, limit, proof }: ListFilter): Record<string, string> {
  return {
    ...(pattern === undefined ? {} : { pattern }),
    ...(after === undefined ? {} : { after }),
    ...(limit === undefined ? {} : { limit: String(limit) }),
    ...(proof === undefined ? {} : { proof }),
  }
}

/**
 * The answer is our own server's on this machine, so the shape of its JSON is trusted.
 * @throws AdminApiError when there is none, or a refusal
 */
export async function adminRequest(
  method: 'GET' | 'POST',
  address: URL,
  token: string | undefined,
): Promise<unknown> {
  let answer: { readonly status: number; readonly text: string }
  try {
    answer = await exchange(method, address, token)
  } catch (error) {
    throw new AdminApiError(
      `the server at ${address.origin}, which holds the data folder, does not answer`,
      'is it stopping? try again, or stop it',
      { cause: error },
    )
  }
  const { status } = answer
  const body = parsed(answer.text)
  if (status === 200 && body !== undefined) return body
  const said = typeof body === 'object' && body !== null ? body : {}
  const reason = 'error' in said ? String(said.error) : `it answered with status ${status}`
  const isStranger = status === 401 || status === 403
  const fallback = isStranger ? 'see admin.token in the configuration' : 'see the log of the server'
  throw new AdminApiError(
    `the server at ${address.origin} refused: ${reason}`,
    'hint' in said ? String(said.hint) : fallback,
  )
}

/** With `node:http`, because `fetch` would send the token through a proxy of the environment. */
function exchange(
  method: string,
  address: URL,
  token: string | undefined,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const options = {
      method,
      agent: false,
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(30 * 60_000),
    }
    const sent = send(address, options, (answer) => {
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', (piece: string) => {
        text += piece
      })
      answer.on('error', reject)
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }))
    })
    sent.on('error', reject)
    sent.end()
  })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
