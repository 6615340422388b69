import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTestDatabase } from '../src/ecosystems/go/sumdb/test-database.ts'
import { type FileSource, servedBytes } from './served-files.ts'
import { h1, modulePath, type SyntheticModule } from './synthetic-modules.ts'

/** The sums of one version as go.sum writes them: `h1:…`. */
export interface Sums {
  readonly mod: string
  readonly zip?: string
}

export interface SignedDatabase {
  /** What GOSUMDB, and `go.sumdb`, is set to: the name with its key. */
  readonly gosumdb: string
  /** Answers `sumdb/NAME/…`, for a fake GOPROXY's `files`. */
  readonly files: FileSource
}

export interface SignedDatabaseOptions {
  /** Default `sumdb.example`. */
  readonly name?: string
  /** Records that are there already, so that a proof needs tiles. Default 10,000. */
  readonly filler?: number
}

/** A signed checksum database that vouches for what `sumsOf` knows; each record is made when it is first asked for. */
export function signedDatabase(
  sumsOf: (module: string, version: string) => Promise<Sums | undefined> | Sums | undefined,
  options: SignedDatabaseOptions = {},
): SignedDatabase {
  const name = options.name ?? 'sumdb.example'
  const database = createTestDatabase({
    name,
    async make(module, version) {
      const sums = await sumsOf(module, version)
      return sums && { module, version, ...sums }
    },
  })
  database.grow(options.filler ?? 10_000)
  const prefix = `sumdb/${name}/`
  return {
    gosumdb: database.key,
    async files(path) {
      if (!path.startsWith(prefix)) return undefined
      const bytes = await database.read(path.slice(prefix.length))
      return bytes && servedBytes(path, bytes)
    },
  }
}

export function sumsOfModules(
  modules: readonly SyntheticModule[],
): (module: string, version: string) => Sums | undefined {
  const known = new Map(
    modules.map((made) => [`${made.path}@${made.version}`, { mod: made.modSum, zip: made.zipSum }]),
  )
  return (module, version) => known.get(`${module}@${version}`)
}

/** From a module cache's `cache/download`, where Go keeps each zip's sum beside it. */
export function sumsOfFolder(folder: string): (module: string, version: string) => Promise<Sums | undefined> {
  return async (module, version) => {
    const modFile = join(folder, modulePath(module, version, 'mod'))
    const mod = await readFile(modFile).catch(ignoreMissing)
    if (!mod) return undefined
    const zip = await readFile(modFile.replace(/\.mod$/, '.ziphash'), 'utf8').catch(ignoreMissing)
    const modSum = h1([{ name: 'go.mod', bytes: mod }])
    return zip === undefined ? { mod: modSum } : { mod: modSum, zip: zip.trim() }
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') return undefined
  throw error
}
