import { type Client, effective } from '../clients/client.ts'
import { clients, clientsCalled } from '../clients/clients.ts'
import type { Machine } from '../clients/machine.ts'
import type { EcosystemName } from '../mirrors/catalogue.ts'
import { webAddress } from './find-targets.ts'
import type { Target } from './target.ts'

/**
 * Where the clients of this name fetch from now, as their own settings say: a client (`yarn`), or an ecosystem, whose
 * first client then speaks for it. Nothing where no setting says anything. Go's list has more than one address: it is
 * read elsewhere. Throws SettingsFileError for a file that its client cannot read either.
 */
export async function clientAddresses(word: string, machine: Machine): Promise<readonly Target[]> {
  const called = clientsCalled(word)
  const asked = called.length > 0 ? called : clients.filter(({ ecosystem }) => ecosystem === word).slice(0, 1)
  const found = await Promise.all(
    asked.filter(({ ecosystem }) => ecosystem !== 'go').map((client) => addressOf(client, machine)),
  )
  return found.flat()
}

async function addressOf(client: Client, machine: Machine): Promise<Target[]> {
  const layer = effective(await client.read(machine, await client.detect(machine)))
  const url = webAddress((layer?.value ?? '').replace(/^sparse\+/, ''))
  if (layer === undefined || url === undefined) return []
  const ecosystem: EcosystemName = client.ecosystem
  return [{ url, role: 'client', ecosystem, foundIn: layer.where }]
}
