import { bunClient } from './bun-client.ts'
import { cargoClient } from './cargo-client.ts'
import type { Client } from './client.ts'
import { goClient } from './go-client.ts'
import { gradleClient } from './gradle-client.ts'
import { mvnClient } from './mvn-client.ts'
import { npmClient } from './npm-client.ts'
import { pdmClient } from './pdm-client.ts'
import { pipClient } from './pip-client.ts'
import { pnpmClient } from './pnpm-client.ts'
import { poetryClient } from './poetry-client.ts'
import { uvClient } from './uv-client.ts'
import { yarn1Client } from './yarn1-client.ts'
import { yarn4Client } from './yarn4-client.ts'

/** Every package manager that `setup` knows, in the order in which they are shown. */
export const clients: readonly Client[] = [
  goClient,
  npmClient,
  pnpmClient,
  yarn1Client,
  yarn4Client,
  bunClient,
  pipClient,
  uvClient,
  poetryClient,
  pdmClient,
  cargoClient,
  mvnClient,
  gradleClient,
]

/** The clients that a word means; a word may mean several (`yarn`). */
export function clientsCalled(word: string): readonly Client[] {
  return clients.filter(({ id, aliases }) => id === word || aliases?.includes(word))
}
