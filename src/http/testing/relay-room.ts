import { Cache } from '../../cache/cache.ts'
import { operationsOn } from '../../cache/operations.ts'
import { ScriptedUpstream } from '../../cache/testing/scripted-upstream.ts'
import type {
  Asked,
  Asking,
  Ecosystem,
  Forward,
  Refusal,
  Resource,
  Verdict,
  View,
} from '../../ecosystems/ecosystem.ts'
import { openLocalStore } from '../../store/local/local-store.ts'
import type { Store } from '../../store/store.ts'
import { temporaryFolder } from '../../testing/temporary-folder.ts'
import { createRenderer } from '../../views/renderer.ts'
import { Views } from '../../views/views.ts'
import { AdminApi } from '../admin-api.ts'
import { Forwarding } from '../forwarding.ts'
import { Relay } from '../relay.ts'
import type { RelayedRequest } from '../replies.ts'
import { type HttpServer, startHttpServer } from '../server.ts'

export const INSTANCE = 'this-very-instance'

/** A relay that listens, over a real store and a scripted upstream; time stands until a test moves it. */
export interface RelayRoom extends AsyncDisposable {
  readonly server: HttpServer
  readonly store: Store
  readonly upstream: ScriptedUpstream
  readonly cache: Cache
  readonly relay: Relay
  readonly reports: RelayedRequest[]
  /** `cold` or `warm` and the key, of what fetching ahead was told. */
  readonly told: string[]
  /** Ecosystem and bytes of hits that were counted only. */
  readonly counted: number[]
  /** Names that the gate refuses. */
  readonly closed: Set<string>
  /** Errors that reached the server's last resort. */
  readonly crashes: Error[]
  readonly verdicts: Map<string, Verdict>
  nowMs: number
  token: string | undefined
  accessTokens: readonly string[]
  /** What requests wait for, as while sources are being found. */
  opening: Promise<void> | undefined
  ready: boolean
  publicUrl: string | undefined
  /** The address that requests seem to come from; undefined for the true one. */
  peer: string | undefined
  /** Names of the transforms that were run. */
  readonly transforms: string[]
  /** Awaited before each transform. */
  beforeTransform: () => Promise<void> | undefined
  /** As the test's adapter reads a path. */
  resourceAt(path: string): Resource
  get(path: string, headers?: Record<string, string>, method?: string): Promise<Response>
}

export async function relayRoom(wrap: (store: Store) => Store = (store) => store): Promise<RelayRoom> {
  const folder = await temporaryFolder()
  const opened = await openLocalStore({ dataDir: folder.path, maxBytes: 64 * 1024 * 1024 })
  const store = wrap(opened)
  const upstream = new ScriptedUpstream()
  const reports: RelayedRequest[] = []
  const told: string[] = []
  const counted: number[] = []
  const closed = new Set<string>()
  const crashes: Error[] = []
  const verdicts = new Map<string, Verdict>()
  const cache = new Cache({
    store,
    upstream,
    now: () => room.nowMs,
    proofWaitMs: () => 60_000,
    observer: {
      fillStarted: () => undefined,
      fillJoined: () => undefined,
      fillEnded: () => undefined,
      integrityFailed: () => undefined,
      storeFailed: () => undefined,
      changed: (key) => relay.forget(key),
    },
  })
  const renderer = createRenderer({
    program: new URL('../../views/testing/test-program.ts', import.meta.url),
  })
  const views = new Views({
    cache,
    store,
    renderer: {
      transform: async (job) => {
        room.transforms.push(job.name)
        await room.beforeTransform()
        return renderer.transform(job)
      },
    },
    changed: (key) => relay.forget(key),
    storeFailed: () => undefined,
  })
  const relay: Relay = new Relay({
    ecosystems: () => [testEcosystem(verdicts)],
    cache,
    views,
    forwarding: new Forwarding({ upstream, report: (relayed) => reports.push(relayed) }),
    accessTokens: () => room.accessTokens,
    opening: () => room.opening,
    gate: (_ecosystem, name): Refusal | undefined =>
      closed.has(name) ? { kind: 'denied', status: 403, reason: `${name} is private here` } : undefined,
    memoryBytes: 1024 * 1024,
    touch: (key) => store.touch(key),
    countHit: (_ecosystem, bytes) => counted.push(bytes),
    report: (relayed) => reports.push(relayed),
    reportsHits: () => false,
    ahead: {
      isAlert: () => false,
      asked: (resource, cold) => told.push(`${cold ? 'cold' : 'warm'} ${resource.key}`),
      used: (key) => told.push(`used ${key}`),
      answered: () => undefined,
    },
    instanceId: INSTANCE,
    now: () => room.nowMs,
  })
  const admin = new AdminApi({
    operations: operationsOn(store, (key) => relay.forget(key)),
    sources: () => upstream.states(),
    orderChanges: () => [],
    forgive: (id) => id === 'mirror.example',
    status: () => ({ version: 'test' }),
    token: () => room.token,
  })
  const server = startHttpServer({
    listen: { host: '127.0.0.1', port: 0 },
    relay: {
      handle: (request, asked, entrance) =>
        relay.handle(request, asked, {
          root: entrance.root,
          peer: (asking) => room.peer ?? entrance.peer(asking),
          isOwnName: (host) => entrance.isOwnName(host),
          base: (asking) => entrance.base(asking),
        }),
    },
    admin,
    hosts: () => new Map([['go.example', 'go']]),
    publicUrl: () => room.publicUrl,
    ready: () => room.ready,
    metrics: () => 'posthaste_up 1\n',
    home: (baseUrl, isTrusted) => ({ html: `${baseUrl} ${isTrusted}`, csp: "default-src 'none'" }),
    crashed: (error) => crashes.push(error),
  })
  const room: RelayRoom = {
    server,
    store,
    upstream,
    cache,
    relay,
    reports,
    told,
    counted,
    closed,
    crashes,
    verdicts,
    nowMs: 1_800_000_000_000,
    token: undefined,
    accessTokens: [],
    opening: undefined,
    ready: true,
    publicUrl: undefined,
    peer: undefined,
    transforms: [],
    beforeTransform: () => undefined,
    resourceAt: (path) => resourceAt(path, verdicts),
    get: (path, headers = {}, method = 'GET') => fetch(`${server.url}${path}`, { method, headers }),
    async [Symbol.asyncDispose]() {
      await cache.close(0)
      await server.stop(true)
      await renderer.close()
      await opened.close()
      await folder[Symbol.asyncDispose]()
    },
  }
  return room
}

/**
 * `/view/NAME` is `/NAME/@v/list` through a transform (`x-transform`, default `upper`) that gets the base address;
 * with `x-beside: yes` there is `/NAME-beside/@v/list` beside it. `/forward/NAME` is passed on. What is named
 * `private…` is private. `/m/@v/list` changes, everything else under `/m/` is for ever; `.zip` is a blob. What stands at `/about` is
 * an answer of its own. Below `/fixed/` the short way is open. Verdicts by key; default: proved.
 */
function testEcosystem(verdicts: ReadonlyMap<string, Verdict>): Ecosystem {
  return {
    id: 'go',
    parse(path, asking): Asked {
      const [, what, name = ''] = /^\/(view|forward)\/([\w-]+)$/.exec(decodeURIComponent(path)) ?? []
      if (what === 'view') return { kind: 'view', view: viewAt(name, asking, verdicts) }
      if (what === 'forward') return { kind: 'forward', forward: forwardOf(name) }
      if (path === '/about') {
        return {
          kind: 'answer',
          answer: { status: 200, headers: { 'content-type': 'text/plain' }, body: 'us' },
        }
      }
      return { kind: 'resource', resource: resourceAt(decodeURIComponent(path), verdicts) }
    },
    variantOf: (path, asking) =>
      /^\/view\//.test(path) ? `${asking.header('x-transform')} ${asking.header('x-beside')}` : undefined,
    nameOfFixed: (path) => (path.startsWith('/fixed/') ? 'example.org/fixed' : undefined),
    refuse: (refusal) => ({
      status: statuses[refusal.kind],
      headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' },
      body: `${refusal.reason}\n`,
    }),
  }
}

function viewAt(name: string, asking: Asking | undefined, verdicts: ReadonlyMap<string, Verdict>): View {
  const of = resourceAt(`/${name}/@v/list`, verdicts)
  const besideIt = { resource: resourceAt(`/${name}-beside/@v/list`, verdicts), patienceMs: 5_000 }
  return {
    key: `${of.key}/view`,
    of,
    ...(asking?.header('x-beside') === 'yes' ? { beside: besideIt } : {}),
    mediaType: 'application/vnd.test+json',
    vary: 'X-Transform',
    transform: {
      name: asking?.header('x-transform') ?? 'upper',
      params: { tail: ` for ${asking?.base}`, times: '1' },
    },
  }
}

function forwardOf(name: string): Forward {
  return {
    ecosystem: 'go',
    name,
    sources: 'go',
    path: `-/${name}`,
    method: 'GET',
    headers: { accept: 'application/json' },
    maxRequestBytes: 0,
    maxBytes: 1_000,
    accepts: ['application/json'],
    freshMs: 0,
    isPrivate: name.startsWith('private'),
  }
}

const statuses: Readonly<Record<Refusal['kind'], number>> = {
  'not-found': 404,
  denied: 403,
  'upstream-failed': 502,
  'not-configured': 503,
  loop: 508,
  'store-failed': 500,
}

function resourceAt(path: string, verdicts: ReadonlyMap<string, Verdict>): Resource {
  const key = `go${path}`
  const isList = path.endsWith('/list')
  const isBlob = path.endsWith('.zip')
  return {
    ecosystem: 'go',
    key,
    sources: 'go',
    path: path.slice(1),
    kind: isList ? 'list' : isBlob ? 'zip' : 'mod',
    name: `example.org${path.slice(0, path.indexOf('/', 1))}`,
    mediaType: isBlob ? 'application/zip' : 'text/plain; charset=utf-8',
    shape: isBlob ? 'blob' : 'metadata',
    maxBytes: 10_000_000,
    freshMs: isList ? 60_000 : Number.POSITIVE_INFINITY,
    missMs: 30_000,
    isPrivate: path.startsWith('/private'),
    prove: () => ({ check: async () => verdicts.get(key) ?? { verdict: 'proved' } }),
  }
}
