export interface GoSum {
  /** `version` is `v1.0.0` for the zip, `v1.0.0/go.mod` for the go.mod. */
  has(module: string, version: string): boolean
  /** Zips with all hashes that stand for them. */
  readonly zips: readonly {
    readonly module: string
    readonly version: string
    readonly hashes: readonly string[]
  }[]
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
  const zips = [...known].flatMap(([key, hashes]) => {
    const [module = '', version = ''] = key.split(' ')
    return version.endsWith('/go.mod') ? [] : [{ module, version, hashes }]
  })
  return {
    has: (module, version) => known.has(`${module} ${version}`),
    zips,
    size: [...known.values()].reduce((sum, hashes) => sum + hashes.length, 0),
    malformed,
  }
}
