import { discoverGo, type GoDiscovery, goSettings } from './discover-go.ts'
import { type LoadOptions, type LoadResult, loadConfig } from './load-config.ts'
import type { Config } from './schema.ts'

export interface Resolved {
  readonly result: LoadResult
  /** Undefined when the settings were wrong before the toolchain could be asked. */
  readonly go: GoDiscovery | undefined
}

type Discover = (config: Pick<Config, 'listen' | 'data'>, env: LoadOptions['env']) => Promise<GoDiscovery>

const askToolchain: Discover = ({ listen, data }, env) => discoverGo({ env, listen, data })

/** Loads the settings, asks the toolchains for what they know (it depends on `listen` and `data`), and joins both. */
export async function resolveConfig(
  options: Omit<LoadOptions, 'discovered'>,
  discover: Discover = askToolchain,
): Promise<Resolved> {
  const first = await loadConfig(options)
  if (!first.ok) return { result: first, go: undefined }
  const go = await discover(first.config, options.env)
  const discovered = goSettings(go)
  return { result: discovered.length > 0 ? await loadConfig({ ...options, discovered }) : first, go }
}
