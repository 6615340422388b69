import { isDeepStrictEqual } from 'node:util'
import { configValues, toConfig } from './load-config.ts'
import { type Config, settings } from './schema.ts'
import { showValue } from './show-value.ts'

export interface Change {
  readonly key: string
  /** As shown to people, secrets masked. */
  readonly from: unknown
  readonly to: unknown
  /** The new value takes effect only after a restart. */
  readonly needsRestart: boolean
}

/** What differs, in the order of the schema. */
export function diffConfig(before: Config, after: Config): Change[] {
  const [old, now] = [configValues(before), configValues(after)]
  return settings
    .filter(({ key }) => !isDeepStrictEqual(old.get(key), now.get(key)))
    .map(({ key, setting }) => ({
      key,
      from: showValue(setting, old.get(key)),
      to: showValue(setting, now.get(key)),
      needsRestart: setting.needsRestart,
    }))
}

/** `after`, with `before`'s values where a running server cannot take new ones. */
export function applicable(before: Config, after: Config): Config {
  const values = configValues(after)
  const old = configValues(before)
  for (const { key, setting } of settings) {
    if (setting.needsRestart) values.set(key, old.get(key))
  }
  return toConfig(values)
}
