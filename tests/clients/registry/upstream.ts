import { type FakeRegistry, startFakeRegistry } from '../../../lab/fake-registry.ts'
import { npmSite } from '../../../lab/fake-registry-npm.ts'
import { pypiFileSite, pypiIndexSite } from '../../../lab/fake-registry-pypi.ts'
import type { FaultRule } from '../../../lab/faults.ts'
import { startGoUpstream } from '../go/go-upstream.ts'
import type { Fixture } from './fixture.ts'

/** The hosts of one registry: PyPI's index and files are two, the others' is one. */
export interface Upstream extends AsyncDisposable {
  /** As Posthaste's setting and a client without Posthaste are told it. */
  readonly address: string
  /** A GOSUMDB value for the checksum database behind the address; undefined where there is none. */
  readonly sumdb?: string
  /** On every host; disposing takes the rule away again. */
  inject(rule: FaultRule): Disposable
  clearFaults(): void
  immutableRequests(): string[]
  requests(): number
  /** Requests that carry this anywhere that is recorded: in their path, and but for Go in a header or a body. */
  mentions(pattern: RegExp): string[]
  resetLog(): void
  stop(): Promise<void>
}

/** `authorization` is what every request to an npm registry must carry. */
export async function startUpstream(fixture: Fixture, authorization?: string): Promise<Upstream> {
  switch (fixture.ecosystem) {
    case 'go':
      return goUpstream(fixture)
    case 'npm': {
      const { packages, keys = [] } = fixture
      const token = authorization === undefined ? {} : { authorization }
      const registry = await startFakeRegistry({ site: npmSite({ packages, keys, ...token }) })
      return registryUpstream([registry], registry.url)
    }
    case 'pypi': {
      const files = await startFakeRegistry({ site: pypiFileSite(fixture.packages) })
      const site = pypiIndexSite({ projects: fixture.packages, files: files.url })
      const index = await startFakeRegistry({ site })
      return registryUpstream([index, files], `${index.url}/simple`)
    }
  }
}

function registryUpstream(hosts: readonly FakeRegistry[], address: string): Upstream {
  const stop = async () => {
    for (const host of hosts) await host.stop()
  }
  return {
    address,
    inject: (rule) => together(hosts.map((host) => host.inject(rule))),
    clearFaults: () => {
      for (const host of hosts) host.clearFaults()
    },
    immutableRequests: () => hosts.flatMap((host) => host.immutableRequests()),
    requests: () => hosts.reduce((sum, host) => sum + host.log().length, 0),
    mentions: (pattern) =>
      hosts.flatMap((host) =>
        host.log().flatMap(({ raw, method, path }) => (pattern.test(raw) ? [`${method} ${path}`] : [])),
      ),
    resetLog: () => {
      for (const host of hosts) host.resetLog()
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

async function goUpstream({ modules }: Extract<Fixture, { ecosystem: 'go' }>): Promise<Upstream> {
  const proxy = await startGoUpstream({ modules })
  let stopped: PromiseLike<void> | undefined
  const stop = async () => {
    stopped ??= proxy[Symbol.asyncDispose]()
    await stopped
  }
  return {
    address: proxy.url,
    sumdb: proxy.sumdb,
    inject: (rule) => proxy.inject(rule),
    clearFaults: () => proxy.clearFaults(),
    immutableRequests: () => proxy.immutableRequests(),
    requests: () => proxy.counts().requests,
    mentions: (pattern) => Object.keys(proxy.counts().paths).filter((path) => pattern.test(path)),
    resetLog: () => proxy.resetCounts(),
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

function together(rules: readonly Disposable[]): Disposable {
  return {
    [Symbol.dispose]: () => {
      for (const rule of rules) rule[Symbol.dispose]()
    },
  }
}
