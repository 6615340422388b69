import type { RegistryClient } from './registry-client.ts'
import type { RegistryScene } from './registry-scene.ts'

/** One column of docs/clients.md. */
export interface ClientCase {
  readonly id: string
  readonly title: string
  /** Why it says nothing for this client; undefined when it does. */
  readonly excused?: (client: RegistryClient) => string | undefined
  /** Throws when it does not hold; else what the table says besides. */
  run(at: RegistryScene): Promise<string>
}
