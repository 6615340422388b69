import type { Cache } from '../cache/cache.ts'
import type { Config } from '../config/schema.ts'
import { type HomePage, homePage } from '../http/home-page.ts'
import type { HttpServer } from '../http/server.ts'
import type { PosthasteMetrics } from '../observe/posthaste-metrics.ts'
import type { RecentRefusals } from '../observe/recent-refusals.ts'
import type { Store } from '../store/store.ts'
import type { Upstream } from '../upstream/upstream.ts'
import { VERSION } from '../version.ts'
import type { FetchAhead } from '../warm/fetch-ahead.ts'
import { addressOf } from './greeting.ts'
import type { Rooms } from './rooms.ts'

/** Where what a server says of itself is known. */
export interface AboutParts {
  readonly uptimeMs: () => number
  readonly ready: () => boolean
  readonly config: () => Config
  readonly rooms: Pick<Rooms, 'all'>
  readonly store: Pick<Store, 'stats'>
  readonly upstream: Pick<Upstream, 'states'>
  readonly cache: Pick<Cache, 'flights'>
  readonly ahead: Pick<FetchAhead, 'balance'>
  readonly metrics: Pick<PosthasteMetrics, 'totals'>
  readonly refusals: Pick<RecentRefusals, 'list'>
}

/** What a server says of itself, beside its metrics. */
export interface AboutServer {
  /** For programs, through the admin API. */
  status(): Record<string, unknown>
  /** The page at `/`, for a reader who reaches this server at `baseUrl`. */
  home(reader: {
    readonly baseUrl: string
    readonly own: HttpServer['own']
    /** Whether the reader may see what others asked for. */
    readonly isTrusted: boolean
  }): HomePage
}

export function aboutServer(parts: AboutParts): AboutServer {
  const { config, rooms, store, upstream, cache, ahead, metrics, refusals } = parts
  return {
    status: () => ({
      version: VERSION,
      uptimeSeconds: Math.floor(parts.uptimeMs() / 1_000),
      ready: parts.ready(),
      offline: config().offline,
      ...Object.fromEntries(rooms.all().map(({ ecosystem, status }) => [ecosystem.id, status])),
      ahead: ahead.balance(),
      flights: cache.flights,
      store: store.stats(),
      recentRefusals: refusals.list(),
    }),
    home({ baseUrl, own, isTrusted }) {
      const { objects, bytes: sizeBytes, maxBytes } = store.stats()
      return homePage({
        version: VERSION,
        baseUrl,
        uptimeMs: parts.uptimeMs(),
        offline: config().offline,
        stats: { objects, sizeBytes, maxBytes, ...metrics.totals() },
        refusals: isTrusted ? refusals.list() : undefined,
        sources: isTrusted ? upstream.states() : undefined,
        ecosystems: rooms.all().map(({ ecosystem: { id }, client }) => ({
          id,
          line: client.line(addressOf(id, baseUrl, own)),
          undo: client.undo,
        })),
      })
    },
  }
}
