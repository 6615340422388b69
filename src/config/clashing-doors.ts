import type { ListenAddress } from './network-kinds.ts'
import type { Problem } from './problem.ts'

/** Settings of which no two may hold the same: a request must belong to one registry. */
const groups: readonly (readonly string[])[] = [
  ['listen', 'npm.listen', 'pypi.listen'],
  ['npm.host', 'pypi.host'],
]

/** A door that two registries would share. `where` gives the place of a setting. */
export function clashingDoors(
  values: ReadonlyMap<string, unknown>,
  where: (key: string) => string,
): Problem[] {
  return groups.flatMap((keys) => {
    const taken = new Map<string, string>()
    return keys.flatMap((key): Problem[] => {
      const door = doorOf(values.get(key))
      if (door === undefined) return []
      const other = taken.get(door)
      if (other === undefined) {
        taken.set(door, key)
        return []
      }
      const message = `${key}: '${door}' is taken by ${other}`
      return [{ where: where(key), key, message, hint: 'give each one of its own' }]
    })
  })
}

function doorOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (!isListenAddress(value) || value.port === 0) return undefined
  return `${value.host}:${value.port}`
}

function isListenAddress(value: unknown): value is ListenAddress {
  return typeof value === 'object' && value !== null && 'host' in value && 'port' in value
}
