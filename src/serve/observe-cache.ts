import type { CacheObserver } from '../cache/observer.ts'
import type { Logger } from '../observe/log.ts'
import type { PosthasteMetrics } from '../observe/posthaste-metrics.ts'

/** What the cache tells, counted and logged. */
export function observeCache({
  metrics,
  log,
  changed,
  versionsSeen,
}: {
  readonly metrics: PosthasteMetrics
  readonly log: Logger
  readonly changed: (key: string) => void
  readonly versionsSeen: NonNullable<CacheObserver['versionsSeen']>
}): CacheObserver {
  return {
    fillStarted: ({ ecosystem }) => metrics.fillStarted(ecosystem),
    fillJoined: ({ ecosystem }) => metrics.fillJoined(ecosystem),
    fillEnded: ({ resource, outcome, bytes, tookMs, source, failure }) => {
      metrics.fillEnded({ ecosystem: resource.ecosystem, outcome, bytes, tookMs })
      if (failure !== undefined && failure.code !== 'offline') {
        log.warn(failure.message, { key: resource.key, source, code: failure.code })
      }
    },
    integrityFailed: ({ resource, source, reason, stage }) => {
      metrics.integrityFailed({ ecosystem: resource.ecosystem, source, stage })
      log.security('bytes that contradict their proof were refused', {
        key: resource.key,
        source,
        stage,
        reason,
      })
    },
    storeFailed: ({ key }, error) => {
      metrics.storeFailed('code' in error ? String(error.code) : 'unexpected')
      log.error('the store could not keep a body', { key, error })
    },
    fillBroke: ({ key }, error) => log.error('a fetch failed in a way that nobody expected', { key, error }),
    changed,
    versionsSeen,
  }
}
