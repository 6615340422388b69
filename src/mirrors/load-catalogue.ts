import { join, relative, sep } from 'node:path'
import type { Problem } from '../config/problem.ts'
import { type Catalogue, type CatalogueFile, type EcosystemName, joinCatalogue } from './catalogue.ts'
import { readCatalogue } from './read-catalogue.ts'

/** The catalogue that comes with this program. */
export const builtInFolder = join(import.meta.dirname, '..', '..', 'mirrors')

export interface LoadCatalogueOptions {
  readonly ecosystem: EcosystemName
  /** The user's own files, absolute; later ones win. Those of other ecosystems are passed over. */
  readonly files: readonly string[]
  /** For short names in messages. */
  readonly cwd: string
  /** Undefined when there is no such file; throws when it cannot be read. */
  readonly readFile: (path: string) => Promise<string | undefined>
}

export type LoadedCatalogue =
  | { readonly ok: true; readonly catalogue: Catalogue }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/** The built-in catalogue of an ecosystem with the user's own files on top. Never throws. */
export async function loadCatalogue(options: LoadCatalogueOptions): Promise<LoadedCatalogue> {
  const { ecosystem, cwd } = options
  const problems: Problem[] = []
  const read = async (path: string): Promise<CatalogueFile | undefined> => {
    const name = shortName(path, cwd)
    const wrong = (message: string) =>
      void problems.push({ where: name, key: undefined, message, hint: undefined })
    try {
      const source = await options.readFile(path)
      if (source === undefined) return void wrong('there is no such file')
      const result = readCatalogue(name, source)
      if (result.ok) return result.file
      problems.push(...result.problems)
    } catch (error) {
      wrong(`cannot be read: ${error instanceof Error ? error.message : String(error)}`)
    }
    return undefined
  }
  const base = await read(join(builtInFolder, `${ecosystem}.yaml`))
  const others = await Promise.all(options.files.map(read))
  if (base === undefined || problems.length > 0) return { ok: false, problems }
  const present = others.filter((file) => file !== undefined)
  const catalogue = joinCatalogue(base, present)
  if (catalogue !== undefined) return { ok: true, catalogue }
  const message = 'the built-in catalogue has no probes'
  return { ok: false, problems: [{ where: `${ecosystem}.yaml`, key: undefined, message, hint: undefined }] }
}

function shortName(path: string, cwd: string): string {
  const short = relative(cwd, path)
  return short.startsWith(`..${sep}`) ? path : short
}
