import { type FakeGoproxy, startFakeGoproxy } from '../../../lab/fake-goproxy.ts'
import type { FileSource } from '../../../lab/served-files.ts'
import { firstOf, servedBytes } from '../../../lab/served-files.ts'
import type { SyntheticModule } from '../../../lab/synthetic-modules.ts'
import { createTestDatabase } from '../../../src/ecosystems/go/sumdb/test-database.ts'

export const databaseName = 'sums.example'

export interface GoUpstreamOptions {
  /** Ascending by version. */
  readonly modules: readonly SyntheticModule[]
  /** What the checksum database knows; the same modules when left out. */
  readonly recorded?: readonly SyntheticModule[]
  /** More files by path, asked first: `{ 'm.example/x/@v/main.info': … }`. */
  readonly files?: Readonly<Record<string, string>>
}

export interface GoUpstream extends FakeGoproxy {
  /** A GOSUMDB value for its checksum database, below `/sumdb/` as public proxies have it. */
  readonly sumdb: string
  /** Requests for what never changes: `.info`, `.mod` and `.zip` of versions, records, tiles. */
  immutableRequests(): string[]
}

/** An honest GOPROXY with a signed checksum database; `inject` makes it misbehave. */
export async function startGoUpstream(options: GoUpstreamOptions): Promise<GoUpstream> {
  const database = createTestDatabase({ name: databaseName })
  for (const module of options.recorded ?? options.modules) {
    database.add({ module: module.path, version: module.version, mod: module.modSum, zip: module.zipSum })
  }
  const prefix = `sumdb/${databaseName}/`
  const records: FileSource = async (path) => {
    const bytes = path.startsWith(prefix) ? await database.read(path.slice(prefix.length)) : undefined
    return bytes === undefined ? undefined : servedBytes(path, bytes)
  }
  const files: FileSource = (path) => {
    const text = options.files?.[path]
    return text === undefined ? undefined : servedBytes(path, Buffer.from(text))
  }
  const proxy = await startFakeGoproxy({ modules: options.modules, files: firstOf([files, records]) })
  return Object.defineProperties(
    {
      ...proxy,
      sumdb: database.key,
      immutableRequests: () =>
        Object.entries(proxy.counts().paths).flatMap(([path, { requests }]) =>
          immutable.test(path) ? Array<string>(requests).fill(path) : [],
        ),
    },
    // A spread would freeze the getter's value.
    { connections: { get: () => proxy.connections } },
  )
}

const immutable = /\/@v\/v\d+\.\d+\.\d+[^/]*\.(info|mod|zip)$|\/lookup\/|\/tile\//
