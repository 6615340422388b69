import { Resolver } from 'node:dns/promises'

export type ReverseLookup = (address: string) => Promise<readonly string[]>

export interface NameResolver {
  readonly names: ReadonlyMap<string, string>
  /** Starts looking for names of addresses that are new; does not wait. */
  want(addresses: Iterable<string>): void
  /** Waits for those on their way, at most `ms`. */
  settle(ms: number): Promise<void>
  stop(): void
}

const atOnce = 8
/** A trace meets some dozens of hosts; more are a trick. */
const maxNames = 256
const longestName = 253

/** PTR records, looked up in the background. A host without one, or whose name server is silent, stays a number. */
export function nameResolver(lookup: ReverseLookup | undefined): NameResolver {
  const resolver = new Resolver({ timeout: 1_000, tries: 1 })
  const reverse = lookup ?? ((address: string) => resolver.reverse(address))
  const names = new Map<string, string>()
  const asked = new Set<string>()
  const queue: string[] = []
  const running = new Set<Promise<void>>()

  const one = async (address: string) => {
    const found = await reverse(address).catch((): readonly string[] => [])
    const name = found.map(plainName).find((candidate) => candidate !== undefined)
    if (name !== undefined) names.set(address, name)
  }
  const next = () => {
    while (running.size < atOnce) {
      const address = queue.shift()
      if (address === undefined) return
      const work = one(address).finally(() => {
        running.delete(work)
        next()
      })
      running.add(work)
    }
  }
  return {
    names,
    want: (addresses) => {
      for (const address of addresses) {
        if (asked.has(address) || asked.size >= maxNames) continue
        asked.add(address)
        queue.push(address)
      }
      next()
    },
    settle: async (ms) => {
      let timer: NodeJS.Timeout | undefined
      const limit = new Promise<'late'>((resolve) => {
        timer = setTimeout(() => resolve('late'), ms)
      })
      while (running.size > 0) {
        if ((await Promise.race([limit, ...running])) === 'late') break
      }
      clearTimeout(timer)
    },
    stop: () => {
      queue.length = 0
      resolver.cancel()
    },
  }
}

/** PTR records are a stranger's text: only what a host name may hold reaches a terminal. */
export function plainName(name: string): string | undefined {
  const plain = name.replace(/\.$/, '')
  return plain.length <= longestName && /^[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_])?$/.test(plain)
    ? plain
    : undefined
}
