import type { Client } from '../../clients/client.ts'
import { clients, clientsCalled } from '../../clients/clients.ts'
import { exists, type Machine } from '../../clients/machine.ts'
import type { EcosystemName } from '../../mirrors/catalogue.ts'

/** The clients that a word means; for an ecosystem its first client speaks. */
export function clientsMeant(word: string): readonly Client[] {
  const called = clientsCalled(word)
  return called.length > 0 ? called : clients.filter(({ ecosystem }) => ecosystem === word).slice(0, 1)
}

/** Of several that share a command (Yarn 1 and 4) those that are installed here; all where none is. */
export async function clientsPresent(word: string, machine: Machine): Promise<readonly Client[]> {
  const meant = clientsMeant(word)
  if (meant.length < 2) return meant
  const present = await Promise.all(
    meant.map(async (client) => ((await client.detect(machine)).command === undefined ? [] : [client])),
  )
  return present.flat().length > 0 ? present.flat() : meant
}

const commands: Readonly<Record<string, readonly string[]>> = {
  yarn1: ['yarn'],
  yarn4: ['yarn'],
  pip: ['pip', 'pip3', 'python3'],
}
/** They come with a project, as `mvnw` and `gradlew`. */
const wrappers: Readonly<Record<string, string>> = { mvn: 'mvnw', gradle: 'gradlew' }

/** The clients of these ecosystems that can be run here. Starts none of them. */
export async function clientsAround(
  ecosystems: ReadonlySet<EcosystemName>,
  machine: Machine,
): Promise<readonly Client[]> {
  const found = await Promise.all(
    clients.map(async (client) => {
      const names = commands[client.id] ?? [client.id]
      const paths = await Promise.all(names.map((name) => machine.which(name)))
      const wrapper = wrappers[client.id]
      const runs =
        paths.some((path) => path !== undefined) ||
        (wrapper !== undefined && (await exists(`${machine.cwd}/${wrapper}`)))
      return runs && ecosystems.has(client.ecosystem) ? [client] : []
    }),
  )
  return found.flat()
}
