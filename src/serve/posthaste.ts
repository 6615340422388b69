import { randomUUID } from 'node:crypto'
import { asError } from '../as-error.ts'
import { Cache } from '../cache/cache.ts'
import { operationsOn } from '../cache/operations.ts'
import { withPatience } from '../cache/patience.ts'
import type { Toolchains } from '../config/resolve-config.ts'
import type { Config } from '../config/schema.ts'
import { ServerDoctor } from '../doctor/server-doctor.ts'
import type { EcosystemId } from '../ecosystems/ecosystem.ts'
import { createZipProver } from '../ecosystems/go/zip/zip-prover.ts'
import { npmChecks, npmLightTransforms } from '../ecosystems/npm/npm-transforms.ts'
import { pypiChecks, pypiLightTransforms } from '../ecosystems/pypi/pypi-transforms.ts'
import { AdminApi } from '../http/admin-api.ts'
import { Forwarding } from '../http/forwarding.ts'
import { Relay } from '../http/relay.ts'
import { type HttpServer, startHttpServer } from '../http/server.ts'
import type { Logger } from '../observe/log.ts'
import { mask } from '../observe/mask.ts'
import { createPosthasteMetrics } from '../observe/posthaste-metrics.ts'
import { readProcess } from '../observe/process-readings.ts'
import { RecentRefusals } from '../observe/recent-refusals.ts'
import type { RequestLog } from '../observe/request-log.ts'
import { RequestWatch } from '../observe/request-watch.ts'
import { openLocalStore } from '../store/local/local-store.ts'
import { type ConfiguredUpstream, createUpstream } from '../upstream/create-upstream.ts'
import { VERSION } from '../version.ts'
import { createRenderer } from '../views/renderer.ts'
import { Views } from '../views/views.ts'
import { defaultFetchAheadLimits, FetchAhead } from '../warm/fetch-ahead.ts'
import { aboutServer } from './about-server.ts'
import { greeting, toldOf } from './greeting.ts'
import { keptText } from './kept-text.ts'
import { MirrorWatch } from './mirror-watch.ts'
import { observeCache } from './observe-cache.ts'
import { openRooms } from './open-rooms.ts'
import { openingOf } from './opening.ts'
import { ProvingAgain } from './proving-again.ts'
import { registryPorts } from './registry-ports.ts'
import { requestReports } from './request-reports.ts'
import { REGISTRIES, Rooms } from './rooms.ts'
import { removeServerFile, writeServerFile } from './server-file.ts'
import { transportOf } from './transport-of.ts'

export interface PosthasteOptions {
  readonly config: Config
  readonly origins: Readonly<Record<string, string>>
  /** What is known at the start; the rest comes with `configure`. */
  readonly toolchains: Partial<Toolchains>
  /** Called when a request needs an ecosystem whose toolchain is not known yet; it waits for the answer. Never rejects. */
  readonly opening?: () => Promise<void>
  readonly env: Readonly<Record<string, string | undefined>>
  readonly log: Logger
  readonly requestLog: RequestLog
  /** Log lines that were dropped so far. */
  readonly droppedLines: () => number
}

/** A server that runs. */
export interface Posthaste {
  readonly url: string
  /** What a person needs above the ready line. */
  greeting(): readonly string[]
  /** Takes new settings; what needs a restart was left out by the caller. */
  configure(
    config: Config,
    origins: Readonly<Record<string, string>>,
    toolchains: Partial<Toolchains>,
  ): Promise<void>
  /** What is known of the sources of the ecosystems that were still opening at the start. */
  toldLater(): readonly string[]
  /** No new work; running answers and fetches get `graceMs`, then everything is broken off cleanly. */
  stop(graceMs: number): Promise<void>
}

/** Connections that are opened when a cold build begins: as many as are fetched ahead at a time, and some for clients. */
const WARM_CONNECTIONS = 56
/** Connections that stand open to each first source after the start: who builds right then (CI) waits for no handshake. */
const FIRST_CONNECTIONS = 16

/**
 * Opens the store, puts the rooms together and listens. Waits for nothing but the data folder (engine rule 10).
 * Throws StoreError or ListenError, each with a hint for the person who started it.
 */
export async function startPosthaste(options: PosthasteOptions): Promise<Posthaste> {
  const { env, log, requestLog } = options
  let { config, origins, toolchains } = options
  const startedAtMs = Date.now()
  const instanceId = randomUUID()

  const transport = await transportOf(config, env)
  const store = await openLocalStore({
    dataDir: config.data,
    maxBytes: config.cache.maxBytes,
    scrubEveryMs: config.cache.scrubIntervalMs,
    onDamage: ({ key, problem }) => {
      log.error('a kept object is damaged; it is put aside and fetched again when asked for', {
        key,
        problem,
      })
      relay.forget(key)
    },
    log: (line) => log.warn(line),
  })
  const readings = readProcess()
  const metrics = createPosthasteMetrics({
    version: VERSION,
    runtime: `bun ${Bun.version}`,
    store: () => store.stats(),
    process: readings,
    droppedLines: options.droppedLines,
    sources: () => upstream.states(),
  })
  const upstream: ConfiguredUpstream = createUpstream({
    ...transport,
    lists: {},
    version: VERSION,
    instanceId,
    onAttempt: (attempt) => metrics.attempted(attempt),
    onLacking: (report) => watch.lacking(report),
    records: keptText(store, 'source-records', (error) => log.warn('the records of the sources', { error })),
  })
  const zipProver = createZipProver()

  const cache = new Cache({
    store,
    upstream,
    proofWaitMs: () => config.go.proofWaitMs,
    observer: observeCache({
      metrics,
      log,
      changed: (key) => relay.forget(key),
      versionsSeen: (resource, source, body) => watch.arrived(resource, source, body),
    }),
  })
  const renderer = createRenderer({
    program: new URL('./render-worker.ts', import.meta.url),
    checks: { ...npmChecks, ...pypiChecks },
  })
  const views = new Views({
    cache,
    store,
    renderer,
    light: { ...npmLightTransforms, ...pypiLightTransforms },
    changed: (key) => relay.forget(key),
    storeFailed: ({ key }, error) => log.error('the store could not keep a view', { key, error }),
  })
  const registries = registryPorts({ cache, views, renderer })
  const open = await openRooms({ toolchains: () => toolchains, store, upstream, zipProver, registries, log })
  const rooms = new Rooms(open, config, origins)
  upstream.setLists(rooms.lists())

  const ahead = new FetchAhead({
    cache,
    foresightOf: (id) => rooms.ecosystem(id)?.foresight,
    allowed: ({ ecosystem, name, isPrivate }) =>
      isPrivate !== true && rooms.gate(ecosystem, name) === undefined,
    enabled: () => config.ahead.enabled && !config.offline,
    limits: { ...defaultFetchAheadLimits, maxUnclaimedBytes: config.ahead.maxBytes },
    digest: (view) => registries.digest(view),
    warmUp: (sources) => upstream.warmUp(sources, WARM_CONNECTIONS),
  })
  const watch: MirrorWatch = new MirrorWatch({
    upstream,
    intervalMs: () => config.mirrors.probeIntervalMs,
    enabled: () => !config.offline,
    allowed: ({ ecosystem, name, isPrivate }) =>
      isPrivate !== true && rooms.gate(ecosystem, name) === undefined,
    failed: (error) => log.warn('comparing the sources failed', { error: asError(error) }),
  })
  const refusals = new RecentRefusals({ mask })
  const requestWatch = new RequestWatch({ mask })
  const report = requestReports({ metrics, requestLog, refusals, watch: requestWatch })
  const hitCounters = new Map<EcosystemId, (bytes: number) => void>()
  const opening = openingOf(options)
  const laterIds = new Set(opening.keys())
  const relay: Relay = new Relay({
    ecosystems: () => rooms.ecosystems(),
    opening: (id) => opening.get(id)?.(),
    cache,
    views,
    forwarding: new Forwarding({ upstream, report }),
    accessTokens: () => config.access.tokens,
    gate: (ecosystem, name) => rooms.gate(ecosystem, name),
    memoryBytes: config.cache.memoryBytes,
    touch: (key) => store.touch(key),
    countHit(ecosystem, bytes) {
      let count = hitCounters.get(ecosystem)
      if (count === undefined) {
        count = metrics.requestCounter(ecosystem, 'hit')
        hitCounters.set(ecosystem, count)
      }
      count(bytes)
    },
    ahead,
    instanceId,
    reportsHits: () => requestLog.on || requestWatch.on,
    report,
  })

  const operations = operationsOn(store, (key) => relay.forget(key))
  let ready = false
  const about = aboutServer({
    uptimeMs: () => Date.now() - startedAtMs,
    ready: () => ready,
    config: () => config,
    rooms,
    store,
    upstream,
    cache,
    ahead,
    metrics,
    refusals,
  })
  let http: HttpServer
  try {
    http = startHttpServer({
      listen: config.listen,
      own: REGISTRIES.flatMap((id) => {
        const { listen } = config[id]
        return listen === undefined ? [] : [{ id, listen }]
      }),
      hosts: () => rooms.hosts(),
      publicUrl: () => config.publicUrl,
      relay,
      admin: new AdminApi({
        operations,
        sources: () => upstream.states(),
        orderChanges: () => upstream.orderChanges(),
        forgive: (id) => upstream.forgive(id),
        doctor: new ServerDoctor({
          machine: () => ({ loaded: { config, origins }, go: toolchains.go, env }),
        }),
        requests: requestWatch,
        token: () => config.admin.token,
        status: about.status,
      }),
      ready: () => ready,
      metrics: () => metrics.render(),
      home: (baseUrl, isTrusted) => about.home({ baseUrl, own: http.own, isTrusted }),
      crashed: (error) => log.error('a request failed in a way that nobody expected', { error }),
    })
  } catch (error) {
    await Promise.all([zipProver.close(), renderer.close()])
    await upstream.close()
    await store.close()
    throw error
  }
  await writeServerFile(config.data, { url: http.url, pid: process.pid }).catch((error: unknown) => {
    log.warn('`posthaste cache` will not find this server', { error: asError(error) })
  })
  ready = true
  const connect = () => {
    if (!config.ahead.enabled) return
    for (const list of Object.keys(rooms.lists())) upstream.warmUp(list, FIRST_CONNECTIONS)
  }
  connect()
  const provingAgain = new ProvingAgain({
    store,
    cache,
    resourceOf: (key) => rooms.resourceOf(key),
    enabled: () => !config.offline,
    log,
  })
  watch.start()

  let stopped: Promise<void> | undefined
  const stop = async (graceMs: number) => {
    ready = false
    ahead.close()
    await watch.close()
    const deadline = Date.now() + graceMs
    await withPatience(
      http.stop(false).then(() => ({})),
      graceMs,
    )
    await cache.close(Math.max(0, deadline - Date.now()))
    await provingAgain.close()
    await http.stop(true)
    await Promise.all([zipProver.close(), renderer.close()])
    await upstream.close()
    await removeServerFile(config.data).catch((error: unknown) => {
      log.warn('the note of where this server is stays behind', { error: asError(error) })
    })
    await store.close()
  }

  return {
    url: http.url,
    greeting: () => greeting({ config, rooms, url: http.url, own: http.own, without: [...opening.keys()] }),
    toldLater: () => toldOf(rooms.all().filter(({ ecosystem }) => laterIds.has(ecosystem.id))),
    async configure(next, nextOrigins, nextToolchains) {
      config = next
      origins = nextOrigins
      toolchains = nextToolchains
      rooms.configure(config, origins)
      upstream.setLists(rooms.lists())
      upstream.setOffline(config.offline)
      connect()
      relay.forgetAll()
      cache.forgetMisses()
    },
    stop(graceMs) {
      stopped ??= stop(graceMs)
      return stopped
    },
  }
}
