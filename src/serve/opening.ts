import type { Toolchains } from '../config/resolve-config.ts'
import type { EcosystemId } from '../ecosystems/ecosystem.ts'

/** By ecosystem, what its requests wait for. */
export function openingOf({
  opening,
  toolchains,
}: {
  readonly opening?: () => Promise<void>
  readonly toolchains: Partial<Toolchains>
}): Map<EcosystemId, () => Promise<void>> {
  const waits = new Map<EcosystemId, () => Promise<void>>()
  if (opening === undefined) return waits
  const opened = async () => {
    await opening()
    // Whatever came of it: nobody waits a second time.
    waits.clear()
  }
  if (toolchains.npm === undefined) waits.set('npm', opened)
  if (toolchains.pip === undefined) waits.set('pypi', opened)
  return waits
}
