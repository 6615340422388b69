import type { EcosystemId } from '../ecosystems/ecosystem.ts'
import { REGISTRIES } from '../serve/rooms.ts'

/** The ecosystems that the server of this version answers, in the order in which they are shown. */
export const SERVED: readonly EcosystemId[] = ['go', ...REGISTRIES]
