import { credentials } from './credentials.ts'
import { goProxyList, goSumdb, privatePattern } from './go-kinds.ts'
import { boolean, choice, count, duration, list, optional, path, size, word } from './kinds.ts'
import { hostOrBlock, listenAddress, proxyAddress, region, resolver, sourceAddress } from './network-kinds.ts'
import { dataFolder } from './platform-folders.ts'
import { registrySettings } from './registry-settings.ts'
import { flatten, setting, type Values } from './setting.ts'
import { missTtl, ttl } from './ttl.ts'

const second = 1000
const MiB = 2 ** 20
const GiB = 2 ** 30

/** The one source of the types, the defaults, the checks, the JSON Schema and docs/configuration.md. */
export const schema = {
  listen: setting(listenAddress, {
    fallback: { value: { host: '127.0.0.1', port: 7678 } },
    summary: 'Where the server listens. Port 0 takes any free port.',
    example: '0.0.0.0:7678',
    needsRestart: true,
  }),
  publicUrl: setting(optional(sourceAddress), {
    fallback: { value: undefined },
    summary:
      'The address under which clients reach `listen`, where a reverse proxy stands before it. Default: what their `Host` header says, over http.',
    example: 'https://packages.corp.example',
  }),
  data: setting(path, {
    fallback: {
      compute: dataFolder,
      text: '`~/.local/share/posthaste` (XDG), `~/Library/Application Support/posthaste`, `%LOCALAPPDATA%\\posthaste`',
    },
    summary: 'The data folder: everything that is kept lies below it.',
    example: '/var/lib/posthaste',
    needsRestart: true,
  }),
  offline: setting(boolean, {
    fallback: { value: false },
    summary: 'Answers from what is kept and sends nothing upstream.',
    example: 'true',
  }),
  log: setting(choice('text', 'json', 'off'), {
    fallback: { value: 'text' },
    summary: 'The form of the request log: lines for people, one JSON object a line, or none.',
    example: 'json',
  }),
  cache: {
    maxBytes: setting(size(MiB), {
      fallback: { value: 20 * GiB },
      summary: 'The bound of everything on disk below the data folder.',
      example: '100GiB',
      needsRestart: true,
    }),
    memoryBytes: setting(size(0), {
      fallback: { value: 64 * MiB },
      summary: 'The bound of small bodies held in memory.',
      example: '256MiB',
      needsRestart: true,
    }),
    scrubIntervalMs: setting(duration(60 * second), {
      fallback: { value: 7 * 86_400 * second },
      summary:
        'How often every kept object is read again and compared with its hash, slowly, in the background.',
      example: '1d',
      needsRestart: true,
    }),
  },
  ahead: {
    enabled: setting(boolean, {
      fallback: { value: true },
      summary:
        'Fetches what a client will probably ask for next before it does, and opens a few connections to each first source at the start. Pauses by itself when too much of it is not used.',
      example: 'false',
    }),
    maxBytes: setting(size(0), {
      fallback: { value: 256 * MiB },
      summary: 'How much may lie fetched ahead and not asked for yet.',
      example: '1GiB',
      needsRestart: true,
    }),
  },
  mirrors: {
    region: setting(region, {
      fallback: { value: 'auto' },
      summary:
        'Whose mirrors come first in `posthaste mirrors`: a region of the catalogue, then the world, the other regions and at last the origin. `auto` goes by the measured time alone.',
      example: 'cn',
    }),
    isp: setting(optional(region), {
      fallback: { value: undefined },
      summary: 'The network whose mirrors come first within the region.',
      example: 'cernet',
    }),
    catalogue: setting(list('paths', path), {
      fallback: { value: [] },
      summary: 'Files of your own that add mirrors to the catalogue; docs/mirrors.md tells their form.',
      example: '["mirrors/ours.yaml"]',
    }),
    probeIntervalMs: setting(duration(0), {
      fallback: { value: 1800 * second },
      summary:
        'How often a server with several equal sources (`|`) asks each of them for one list that a client asked for lately, to see which lag. `0` asks nothing.',
      example: '2h',
    }),
  },
  shutdown: {
    graceMs: setting(duration(0), {
      fallback: { value: 8 * second },
      summary: 'How long running answers may go on after SIGTERM. A second signal ends at once.',
      example: '30s',
    }),
  },
  admin: {
    token: setting(optional(word(16)), {
      fallback: { value: undefined },
      summary: 'Lets callers from other machines use the admin API. Without it only this machine can.',
      example: 'a-long-random-text',
      secret: true,
    }),
  },
  access: {
    tokens: setting(list('tokens', word(16)), {
      fallback: { value: [] },
      summary:
        'Let clients from other machines see private packages: sent as a bearer token, or as the password beside any user name. Without any, only this machine may.',
      example: '["a-long-random-text"]',
      secret: true,
    }),
  },
  go: {
    upstream: setting(optional(goProxyList), {
      fallback: { value: undefined },
      summary:
        "Where Go modules come from, in GOPROXY's own grammar (`,` goes on at 404 and 410 only, `|` at any error). Default: what `go env GOPROXY` says.",
      example: 'https://goproxy.cn|https://goproxy.io,direct',
    }),
    sumdb: setting(optional(goSumdb), {
      fallback: { value: undefined },
      summary:
        "The checksum database, in GOSUMDB's own grammar. With `off` modules are kept unproved. Default: what `go env GOSUMDB` says.",
      example: 'sum.golang.google.cn',
    }),
    private: setting(list('patterns', privatePattern), {
      fallback: { value: [] },
      summary:
        "Names that are never sent to an upstream or a checksum database, as GOPRIVATE patterns. Default: the toolchain's GOPRIVATE and GONOPROXY.",
      example: '["*.corp.example", "github.com/acme/*"]',
    }),
    nosumdb: setting(list('patterns', privatePattern), {
      fallback: { sameAs: 'go.private' },
      summary:
        "Names that are not looked up in the checksum database, as GONOSUMDB patterns. Default: the toolchain's GONOSUMDB.",
      example: '["mirror.corp.example/*"]',
    }),
    onOutage: setting(choice('error', 'notFound'), {
      fallback: { value: 'error' },
      summary:
        "The answer for a public name when no upstream can be reached: 502 or 503 (`error`), or 404 so that a `,` in the client's GOPROXY goes on (`notFound`).",
      example: 'notFound',
    }),
    proofWaitMs: setting(duration(0), {
      fallback: { value: 3 * second },
      summary: 'How long a body waits for its proof from the checksum database before it is served unproved.',
      example: '10s',
    }),
    ttl: {
      listMs: ttl(60, 'How long a list of versions is fresh.', '5m'),
      latestMs: ttl(60, 'How long the answer to `@latest` is fresh.', '5m'),
      queryMs: ttl(60, 'How long the version that a branch, tag or commit stands for is fresh.', '5m'),
      missMs: missTtl(30),
      treeHeadMs: ttl(30, "How long the checksum database's tree head is fresh.", '60s'),
    },
  },
  npm: registrySettings({
    id: 'npm',
    title: 'npm',
    found: "npm's own `registry` setting",
    upstream: 'https://registry.npmmirror.com',
    privateName: '@corp/*',
    privateUpstream: 'https://npm.corp.example',
    port: 7679,
  }),
  pypi: registrySettings({
    id: 'pypi',
    title: 'PyPI',
    found: "pip's own `index-url` setting",
    upstream: 'https://pypi.tuna.tsinghua.edu.cn/simple',
    privateName: 'corp-*',
    privateUpstream: 'https://pypi.corp.example/simple',
    port: 7680,
  }),
  upstream: {
    connectMs: setting(duration(1), {
      fallback: { value: 5 * second },
      summary: 'The limit for a connection to an upstream, with its TLS handshake.',
      example: '10s',
      needsRestart: true,
    }),
    firstByteMs: setting(duration(1), {
      fallback: { value: 20 * second },
      summary: "The limit from a request to its answer's first byte.",
      example: '60s',
      needsRestart: true,
    }),
    stallMs: setting(duration(1), {
      fallback: { value: 5 * second },
      summary: 'A body that makes no progress for so long is given up and fetched elsewhere.',
      example: '30s',
      needsRestart: true,
    }),
    budgetMs: setting(duration(1), {
      fallback: { value: 10 * second },
      summary:
        'With every source down, an answer comes within this time. Only a source without equals that answers another question meanwhile is waited for up to `upstream.firstByteMs`.',
      example: '5s',
      needsRestart: true,
    }),
    maxConnections: setting(count(1, 1024), {
      fallback: { value: 64 },
      summary: 'The bound of connections to one source.',
      example: '16',
      needsRestart: true,
    }),
    caFile: setting(optional(path), {
      fallback: { value: undefined },
      summary: "A PEM file of certificate authorities that are trusted beside the system's own.",
      example: '/etc/ssl/corp-ca.pem',
      needsRestart: true,
    }),
    proxy: setting(optional(proxyAddress), {
      fallback: { value: undefined },
      summary:
        'The HTTP proxy to upstreams, or `off`. Default: what HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY say.',
      example: 'http://proxy.corp.example:3128',
      needsRestart: true,
    }),
    resolvers: setting(list('addresses', resolver), {
      fallback: { value: [] },
      summary: "DNS servers to ask. Default: the system's own way.",
      example: '["223.5.5.5", "[2400:3200::1]:53"]',
      needsRestart: true,
    }),
    credentials: setting(credentials, {
      fallback: { value: {} },
      summary:
        'What upstreams are told so that they let us in, by host: a header, a user name with a password, or a netrc file. Sent to that host only.',
      example: '{proxy.corp.example: {username: relay, password: secret}}',
      secret: true,
      needsRestart: true,
    }),
    allowPrivate: setting(list('hosts or blocks', hostOrBlock), {
      fallback: { value: [] },
      summary:
        'Private hosts, addresses and blocks (CIDR) that a redirect may lead to. Sources themselves need no entry.',
      example: '["storage.corp.example", "10.20.0.0/16"]',
      needsRestart: true,
    }),
  },
} as const

/** Every setting's value; durations in milliseconds, sizes in bytes, paths absolute. */
export type Config = Values<typeof schema>

/** All settings with their names, in the order of the schema. */
export const settings = flatten(schema)
