import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { makeModule, type SyntheticModule } from '../../../lab/synthetic-modules.ts'
import { type Product, type StartOptions, startProduct } from '../../support/product.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'
import { type GoClient, type GoClientOptions, goClient } from './go-client.ts'
import { type GoUpstream, type GoUpstreamOptions, startGoUpstream } from './go-upstream.ts'

/** A small tree with all kinds of names: an upper-case path, a `/v2`, a pre-release, a pseudo-version. */
export const tree: readonly SyntheticModule[] = [
  makeModule({ path: 'leaf.example/Upper/Case', version: 'v1.0.0' }),
  makeModule({ path: 'leaf.example/two/v2', version: 'v2.1.0-rc.1' }),
  makeModule({ path: 'leaf.example/pseudo', version: 'v0.0.0-20250102030405-0123456789ab' }),
  makeModule({
    path: 'lib.example/x',
    version: 'v1.0.0',
    sizeBytes: 300_000,
    requires: [
      ['leaf.example/Upper/Case', 'v1.0.0'],
      ['leaf.example/two/v2', 'v2.1.0-rc.1'],
      ['leaf.example/pseudo', 'v0.0.0-20250102030405-0123456789ab'],
    ],
  }),
]
export const treeRequires = ['lib.example/x v1.0.0']

export interface Scene extends AsyncDisposable {
  readonly folder: string
  readonly dataDir: string
  readonly upstream: GoUpstream
  /** Starts Posthaste on the scene's data folder, upstream and database, unless told otherwise. */
  serve(options?: Partial<StartOptions>): Promise<Product>
  /** A client with an empty module cache that goes to `product`, or to the `proxy` given. */
  client(product: Product, options?: Partial<GoClientOptions>): Promise<GoClient>
}

/** One upstream, one data folder, and whatever is started on them; all ends with the scene. */
export async function scene(options: GoUpstreamOptions = { modules: tree }): Promise<Scene> {
  const folder: TemporaryFolder = await temporaryFolder('go')
  const upstream = await startGoUpstream(options)
  const started: Product[] = []
  const dataDir = join(folder.path, 'posthaste', 'data')
  await mkdir(join(folder.path, 'posthaste'))
  return {
    folder: folder.path,
    dataDir,
    upstream,
    serve: async (changes = {}) => {
      const env = { POSTHASTE_GO_UPSTREAM: upstream.url, POSTHASTE_GO_SUMDB: upstream.sumdb, ...changes.env }
      const product = await startProduct({ dataDir, ...changes, env })
      started.push(product)
      return product
    },
    client: (product, changes = {}) =>
      goClient({ folder: folder.path, proxy: `${product.url}/go`, sumdb: upstream.sumdb, ...changes }),
    [Symbol.asyncDispose]: async () => {
      for (const product of started) await product[Symbol.asyncDispose]()
      await upstream[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    },
  }
}
