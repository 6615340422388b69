/** A file of a module version, with all hashes that stand for it. */
export interface SummedFile {
  readonly module: string
  readonly version: string
  readonly hashes: readonly string[]
}

export interface GoSum {
  /** `version` is `v1.0.0` for the zip, `v1.0.0/go.mod` for the go.mod. */
  has(module: string, version: string): boolean
  readonly zips: readonly SummedFile[]
  /** Files go.mod. */
  readonly mods: readonly SummedFile[]
  readonly size: number
  /** Lines, counted from 1, that Go would not take. */
  readonly malformed: readonly number[]
}

/** Reads a go.sum as cmd/go does (modfetch.readGoSum): three fields a line, empty lines passed over. */
export function readGoSum(text: string): GoSum {
  const known = new Map<string, string[]>()
  const malformed: number[] = []
  for (const [index, line] of text.split('\n').entries()) {
    const fields = line.trim().split(/\s+/)
    if (fields.length === 1 && fields[0] === '') continue
    const [module, version, hash] = fields
    if (fields.length !== 3 || module === undefined || version === undefined || hash === undefined) {
      malformed.push(index + 1)
      continue
    }
    const key = `${module} ${version}`
    known.set(key, [...(known.get(key) ?? []), hash])
  }
  const [zips, mods]: [SummedFile[], SummedFile[]] = [[], []]
  for (const [key, hashes] of known) {
    const [module = '', version = ''] = key.split(' ')
    const bare = version.replace(/\/go\.mod$/, '')
    const list = bare === version ? zips : mods
    list.push({ module, version: bare, hashes })
  }
  return {
    has: (module, version) => known.has(`${module} ${version}`),
    zips,
    mods,
    size: [...known.values()].reduce((sum, hashes) => sum + hashes.length, 0),
    malformed,
  }
}
