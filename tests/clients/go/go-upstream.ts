import { type FakeGoproxy, startFakeGoproxy } from '../../../lab/fake-goproxy.ts'
import type { FileSource } from '../../../lab/served-files.ts'
import { firstOf, servedBytes } from '../../../lab/served-files.ts'
import { modulePath, type SyntheticModule } from '../../../lab/synthetic-modules.ts'
import { createTestDatabase } from '../../../src/ecosystems/go/sumdb/test-database.ts'

export const databaseName = 'sums.example'

export interface GoUpstreamOptions {
  /** Ascending by version. Of one with an empty zip there is nothing but its go.mod. */
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
    const { path, version, modSum, zipSum } = module
    database.add({ module: path, version, mod: modSum, ...(zipSum !== '' && { zip: zipSum }) })
  }
  const prefix = `sumdb/${databaseName}/`
  const records: FileSource = async (path) => {
    const bytes = path.startsWith(prefix) ? await database.read(path.slice(prefix.length)) : undefined
    return bytes === undefined ? undefined : servedBytes(path, bytes)
  }
  const bare = options.modules.filter(({ zip }) => zip.length === 0)
  const bareFiles = new Map(
    bare.map((module) => [modulePath(module.path, module.version, 'mod'), module.mod] as const),
  )
  const files: FileSource = (path) => {
    const content = options.files?.[path] ?? bareFiles.get(path)
    return content === undefined ? undefined : servedBytes(path, Buffer.from(content))
  }
  const modules = options.modules.filter(({ zip }) => zip.length > 0)
  const proxy = await startFakeGoproxy({ modules, files: firstOf([files, records]) })
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
