import type { Client, Presence } from '../clients/client.ts'
import type { Machine } from '../clients/machine.ts'

export interface FoundClient {
  readonly client: Client
  readonly presence: Presence
}

/**
 * Those of the clients that are meant: of all that could be, what is installed; of those that were named, each, but of
 * two that share a word (`yarn`) the one that is installed.
 */
export async function presentClients(
  machine: Machine,
  candidates: readonly Client[],
  { isNamed }: { readonly isNamed: boolean },
): Promise<readonly FoundClient[]> {
  const found = await Promise.all(
    candidates.map(async (client) => ({ client, presence: await client.detect(machine) })),
  )
  return found.filter(({ client, presence }) => {
    if (presence.command !== undefined) return true
    const isAnotherMeant = found.some(
      (one) => one.presence.command !== undefined && sharesWord(one.client, client),
    )
    return isNamed && !isAnotherMeant
  })
}

function sharesWord(one: Client, other: Client): boolean {
  return one.aliases?.some((word) => other.aliases?.includes(word)) === true
}
