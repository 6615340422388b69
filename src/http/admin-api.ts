import type { CacheOperations } from '../cache/operations.ts'
import type { RequestWatch } from '../observe/request-watch.ts'
import { type ListFilter, type ObjectSummary, type ProofState, StoreError } from '../store/store.ts'
import type { OrderChange, SourceState } from '../upstream/upstream.ts'
import { cameByProxy } from './came-by-proxy.ts'
import { type Admission, admit } from './guard.ts'

export interface AdminApiOptions {
  readonly operations: CacheOperations
  readonly sources: () => readonly SourceState[]
  /** When another source became the first to be asked, newest first. */
  readonly orderChanges: () => readonly OrderChange[]
  /** Takes back what wrong bytes did to a source's record; false for an id that is in no list. */
  readonly forgive: (sourceId: string) => boolean
  readonly status: () => Record<string, unknown>
  /** Requests that somebody waits for; undefined: nobody can. */
  readonly requests?: Pick<RequestWatch, 'start' | 'seen'>
  /** Looks at the configured sources, or at another target; undefined: there is no doctor. */
  readonly doctor?: {
    readonly report: (signal: AbortSignal) => Promise<unknown>
    /** Undefined when the text names no address. */
    readonly reportOn: (target: string, signal: AbortSignal) => Promise<unknown | undefined>
  }
  readonly token: () => string | undefined
}

interface Route {
  readonly changes: boolean
  /** Does this request need the admin token, from this machine too? */
  readonly needsToken?: (url: URL) => boolean
  readonly run: (url: URL, signal: AbortSignal) => unknown
}

const MAX_PAGE = 1_000

/** The admin API below `/api/`: JSON in, JSON out; see `guard.ts` for who may use it. */
export class AdminApi {
  readonly #options: AdminApiOptions
  readonly #routes: ReadonlyMap<string, Route>

  constructor(options: AdminApiOptions) {
    this.#options = options
    const { operations } = options
    const remove: Route = { changes: true, run: (url) => operations.remove(required(url, 'pattern')) }
    this.#routes = new Map<string, Route>([
      ['/api/status', { changes: false, run: options.status }],
      ['/api/upstreams', { changes: false, run: () => upstreams(options) }],
      ['/api/upstreams/forgive', { changes: true, run: (url) => forgiven(options, required(url, 'id')) }],
      ...doctorRoute(options.doctor),
      ...requestRoutes(options.requests),
      ['/api/cache/stats', { changes: false, run: () => operations.stats() }],
      ['/api/cache/objects', { changes: false, run: (url) => page(operations, filterOf(url)) }],
      ['/api/cache/remove', remove],
      ['/api/cache/verify', { changes: true, run: (_url, signal) => operations.verify(signal) }],
      ['/api/cache/gc', { changes: true, run: (url) => operations.collect(wholeNumber(url, 'targetBytes')) }],
    ])
  }

  async handle(request: Request, url: URL, peer: string): Promise<Response> {
    const route = this.#routes.get(url.pathname)
    if (route === undefined) {
      return problem(404, `there is no ${url.pathname}; there are ${[...this.#routes.keys()].join(', ')}`)
    }
    const admission = this.#admit(request, peer, route.changes)
    if (!admission.allowed) return problem(admission.status, admission.reason, admission.headers)
    if (route.needsToken?.(url) && !request.headers.has('authorization')) {
      const reason =
        'To name a target needs the admin token; send Authorization: Bearer with the value of admin.token.'
      return problem(401, reason, { 'www-authenticate': 'Bearer realm="posthaste"' })
    }
    try {
      return json(200, await route.run(url, request.signal))
    } catch (error) {
      if (error instanceof BadParameter) return problem(400, error.message)
      if (error instanceof StoreError) return json(500, { error: error.message, hint: error.hint })
      // Who asked has left, and the work was broken off for it: no failure of ours.
      if (request.signal.aborted) return problem(503, 'broken off')
      throw error
    }
  }

  /** May this request see what the API's reading routes tell? */
  mayRead(request: Request, peer: string): boolean {
    return this.#admit(request, peer, false).allowed
  }

  #admit({ method, headers }: Request, peer: string, changes: boolean): Admission {
    return admit(
      {
        method,
        peer,
        host: headers.get('host'),
        origin: headers.get('origin'),
        authorization: headers.get('authorization'),
        fetchSite: headers.get('sec-fetch-site'),
        forwarded: cameByProxy(headers),
      },
      { token: this.#options.token(), changes },
    )
  }
}

/** It fetches no address that a stranger names: a target wants the token. */
function doctorRoute(doctor: AdminApiOptions['doctor']): [string, Route][] {
  if (doctor === undefined) return []
  const run = async (url: URL, signal: AbortSignal) => {
    const target = url.searchParams.get('target')
    if (target === null) return doctor.report(signal)
    const report = await doctor.reportOn(target, signal)
    if (report === undefined) throw new BadParameter(`'target' is an http or https address, not '${target}'`)
    return report
  }
  return [['/api/doctor', { changes: false, needsToken: (url) => url.searchParams.has('target'), run }]]
}

const MAX_WATCH_SECONDS = 600
const MAX_WATCH_TEXTS = 8
const MAX_WATCH_TEXT = 300

/** `watch` begins to keep requests that hold the marker or a `text`; the other one tells which there were. */
function requestRoutes(requests: AdminApiOptions['requests']): [string, Route][] {
  if (requests === undefined) return []
  const start = (url: URL) => {
    const marker = markerOf(url)
    const texts = url.searchParams.getAll('text')
    if (
      texts.length > MAX_WATCH_TEXTS ||
      texts.some((text) => text.length < 3 || text.length > MAX_WATCH_TEXT)
    ) {
      throw new BadParameter(
        `'text' may stand ${MAX_WATCH_TEXTS} times, with 3 to ${MAX_WATCH_TEXT} characters each`,
      )
    }
    const seconds = Number(url.searchParams.get('seconds') ?? '60')
    if (!Number.isInteger(seconds) || seconds < 1 || seconds > MAX_WATCH_SECONDS) {
      throw new BadParameter(`'seconds' is a whole number from 1 to ${MAX_WATCH_SECONDS}`)
    }
    requests.start(marker, texts, seconds * 1_000)
    return { watching: marker, seconds }
  }
  const seen = (url: URL) => {
    const found = requests.seen(markerOf(url))
    if (found === undefined) {
      throw new BadParameter('nobody watches for this marker; POST /api/requests/watch begins it')
    }
    return found
  }
  return [
    ['/api/requests', { changes: false, run: seen }],
    ['/api/requests/watch', { changes: true, run: start }],
  ]
}

function markerOf(url: URL): string {
  const marker = required(url, 'marker')
  if (/^[\w-]{8,64}$/.test(marker)) return marker
  throw new BadParameter("'marker' has 8 to 64 letters, digits, '-' and '_'")
}

class BadParameter extends Error {}

function required(url: URL, name: string): string {
  const value = url.searchParams.get(name)
  if (value === null || value === '') throw new BadParameter(`the parameter '${name}' is missing`)
  return value
}

function upstreams({ sources, orderChanges }: AdminApiOptions) {
  return { sources: sources(), changes: orderChanges() }
}

function forgiven({ sources, forgive }: AdminApiOptions, id: string): { forgiven: string } {
  if (forgive(id)) return { forgiven: id }
  const ids = [...new Set(sources().map((source) => source.id))]
  throw new BadParameter(
    ids.length === 0 ? 'no source is configured' : `no source is called '${id}'; there are ${ids.join(', ')}`,
  )
}

function wholeNumber(url: URL, name: string): number | undefined {
  const text = url.searchParams.get(name)
  if (text === null) return undefined
  if (!/^\d{1,15}$/.test(text)) throw new BadParameter(`'${name}' is a whole number of bytes, not '${text}'`)
  return Number(text)
}

function filterOf(url: URL): ListFilter {
  const pattern = url.searchParams.get('pattern')
  const after = url.searchParams.get('after')
  const proof = url.searchParams.get('proof')
  if (proof !== null && !isProofState(proof)) {
    throw new BadParameter(`'proof' is proved, sound or unproved, not '${proof}'`)
  }
  return {
    ...(pattern === null ? {} : { pattern }),
    ...(after === null ? {} : { after }),
    ...(proof === null ? {} : { proof }),
    limit: Math.min(wholeNumber(url, 'limit') ?? MAX_PAGE, MAX_PAGE),
  }
}

function isProofState(text: string): text is ProofState {
  return text === 'proved' || text === 'sound' || text === 'unproved'
}

async function page(
  operations: CacheOperations,
  filter: ListFilter,
): Promise<{ objects: ObjectSummary[]; next: string | null }> {
  const objects: ObjectSummary[] = []
  for await (const object of operations.list(filter)) objects.push(object)
  const last = objects.length === filter.limit ? objects.at(-1) : undefined
  return { objects, next: last?.key ?? null }
}

function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(`${JSON.stringify(body)}\n`, {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers },
  })
}

function problem(status: number, reason: string, headers: Readonly<Record<string, string>> = {}): Response {
  return json(status, { error: reason }, headers)
}
