import { type Client, effective } from '../../clients/client.ts'
import type { Machine } from '../../clients/machine.ts'
import type { EcosystemName } from '../../mirrors/catalogue.ts'
import { webAddress } from '../find-targets.ts'
import type { Target } from '../target.ts'
import { clientsMeant } from './clients-meant.ts'

/**
 * Where the clients of this name fetch from now, as their own settings say: a client (`yarn`), or an ecosystem, whose
 * first client then speaks for it. Nothing where no setting says anything. Go's list has more than one address: it is
 * read elsewhere. Throws SettingsFileError for a file that its client cannot read either.
 */
export async function clientAddresses(word: string, machine: Machine): Promise<readonly Target[]> {
  const found = await Promise.all(
    clientsMeant(word)
      .filter(({ ecosystem }) => ecosystem !== 'go')
      .map((client) => addressOf(client, machine)),
  )
  return found.flat()
}

async function addressOf(client: Client, machine: Machine): Promise<Target[]> {
  const layer = effective(await client.read(machine, await client.detect(machine)))
  const url = webAddress((layer?.value ?? '').replace(/^sparse\+/, ''))
  if (layer === undefined || url === undefined) return []
  const ecosystem: EcosystemName = client.ecosystem
  return [{ url, role: 'client', ecosystem, client: client.id, foundIn: layer.where }]
}
