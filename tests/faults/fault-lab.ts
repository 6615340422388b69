import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { LabCertificate } from '../../lab/certificate.ts'
import { startFakeGoproxy } from '../../lab/fake-goproxy.ts'
import { makeModule } from '../../lab/synthetic-modules.ts'
import { type GoUpstream, startGoUpstream } from '../clients/go/go-upstream.ts'
import { startProduct } from '../support/product.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { Served } from './served.ts'

/** So many proofs that a source's record is clean. */
const provingModules = Array.from({ length: 5 }, (_, index) =>
  makeModule({ path: `proving.example/m${index}`, version: 'v1.0.0' }),
)
/** What the faults hit: too large for memory, and large enough to break in the middle. */
const victim = makeModule({ path: 'victim.example/x', version: 'v1.0.0', sizeBytes: 300_000 })
export const modules = [...provingModules, victim]
export const victimZip = 'victim.example/x/@v/v1.0.0.zip'
export const victimMod = 'victim.example/x/@v/v1.0.0.mod'
export const victimList = 'victim.example/x/@v/list'

/** Short, so that every fault shows within seconds; long enough for a busy machine's honest answers. */
const limits = {
  POSTHASTE_UPSTREAM_CONNECT_MS: '1200',
  POSTHASTE_UPSTREAM_FIRST_BYTE_MS: '1500',
  POSTHASTE_UPSTREAM_STALL_MS: '1000',
  POSTHASTE_UPSTREAM_BUDGET_MS: '4000',
  // What is fetched ahead would meet the fault before the request that the row is about.
  POSTHASTE_AHEAD_ENABLED: 'false',
}

export type Variables = Readonly<Record<string, string>>

/** Honest sources, products in front of them, and the end of it all when the row is over. */
export class FaultLab implements AsyncDisposable {
  readonly #parts = new AsyncDisposableStack()
  #sumdb = ''

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.disposeAsync()
  }

  /** Ends with the row. */
  async use<Part extends AsyncDisposable>(starting: Promise<Part>): Promise<Part> {
    return this.#parts.use(await starting)
  }

  /** A GOPROXY with a signed database; all of one lab hold and vouch for the same. */
  async upstream(): Promise<GoUpstream> {
    const upstream = await this.use(startGoUpstream({ modules }))
    this.#sumdb = upstream.sumdb
    return upstream
  }

  /** The same modules over TLS, without a database. */
  secureUpstream(certificate: Omit<LabCertificate, 'ca'>) {
    return this.use(startFakeGoproxy({ modules, tls: { ...certificate, ca: '' } }))
  }

  /** A data folder that outlives the products on it. */
  async dataFolder(): Promise<string> {
    const { path } = await this.use(temporaryFolder('faults'))
    await mkdir(join(path, 'home'))
    return join(path, 'home', 'data')
  }

  /** A product with a list of sources of its own, on a new data folder unless told which. */
  async serve(list: string, env: Variables = {}, dataDir?: string): Promise<Served> {
    const sources = { POSTHASTE_GO_UPSTREAM: list, POSTHASTE_GO_SUMDB: this.#sumdb || 'off' }
    const product = await this.use(
      startProduct({
        dataDir: dataDir ?? (await this.dataFolder()),
        env: { ...limits, ...sources, ...env },
        log: 'off',
      }),
    )
    return new Served(product, modules)
  }

  /** Lets the only source of a product earn a clean record: from then on its bytes are passed on unproved. */
  async proveSource(served: Served, id: string): Promise<void> {
    for (const { path, version } of provingModules) {
      await served.getsWhole(`${path}/@v/${version}.mod`)
      await served.getsWhole(`${path}/@v/${version}.zip`)
    }
    const { clean, proved } = await served.source(id)
    if (!clean) throw new Error(`${id} has no clean record after ${proved} proofs`)
  }
}
