import companions from './companions.json'

const byPath = new Map(Object.entries<string>(companions))

/**
 * Well-known modules that a main module which requires `path` often requires too, the likeliest first: whoever needs
 * `beorn7/perks` uses `prometheus/client_golang`. Each requires `path` itself and comes after it by path, so that a
 * client asks for it later. Names only: `scripts/write-companions.ts` counts them.
 */
export function companionsOf(path: string): readonly string[] {
  return byPath.get(path)?.split(' ') ?? []
}
