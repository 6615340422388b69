import { discoverGo, type GoDiscovery, goSettings } from './discover-go.ts'
import { discoverNpm, type NpmDiscovery, npmSettings } from './discover-npm.ts'
import { discoverPip, type PipDiscovery, pipSettings } from './discover-pip.ts'
import { type LoadOptions, type LoadResult, loadConfig } from './load-config.ts'
import type { Config } from './schema.ts'

/** What each toolchain knows. */
export interface Toolchains {
  readonly go: GoDiscovery
  readonly npm: NpmDiscovery
  readonly pip: PipDiscovery
}

/** Each toolchain is undefined when the settings were wrong before it could be asked. */
export interface Resolved extends Partial<Toolchains> {
  readonly result: LoadResult
}

export type Discover = (
  config: Pick<Config, 'listen' | 'data' | 'npm' | 'pypi'>,
  env: LoadOptions['env'],
) => Promise<Partial<Toolchains>>

const askWith =
  (how: {
    readonly timeoutMs?: number
    readonly inBackground?: boolean
    readonly signal?: AbortSignal
  }): Discover =>
  async ({ listen, data, npm: ours, pypi }, env) => {
    const [go, npm, pip] = await Promise.all([
      discoverGo({ env, listen, data, ...(how.signal && { signal: how.signal }) }),
      discoverNpm({
        ...how,
        env,
        listen: ours.listen === undefined ? [listen] : [listen, ours.listen],
        host: ours.host,
        data,
      }),
      discoverPip({
        ...how,
        env,
        listen: pypi.listen === undefined ? [listen] : [listen, pypi.listen],
        data,
      }),
    ])
    return { go, npm, pip }
  }

const askToolchains: Discover = askWith({})

/** The same for a server that serves meanwhile: it takes its time, leaves the processor to clients, and ends with it. */
export const askInBackground = (signal: AbortSignal): Discover =>
  askWith({ timeoutMs: 20_000, inBackground: true, signal })

/** Only the one that answers within moments; npm and Python take up to a second each. */
export const askGo: Discover = async ({ listen, data }, env) => ({
  go: await discoverGo({ env, listen, data }),
})

/** Loads the settings, asks the toolchains for what they know (it depends on `listen` and `data`), and joins both. */
export async function resolveConfig(
  options: Omit<LoadOptions, 'discovered'>,
  discover: Discover = askToolchains,
): Promise<Resolved> {
  const first = await loadConfig(options)
  if (!first.ok) return { result: first }
  const found = await discover(first.config, options.env)
  const discovered = [
    ...(found.go === undefined ? [] : goSettings(found.go)),
    ...(found.npm === undefined ? [] : npmSettings(found.npm)),
    ...(found.pip === undefined ? [] : pipSettings(found.pip)),
  ]
  const result = discovered.length > 0 ? await loadConfig({ ...options, discovered }) : first
  return { result, ...found }
}
