import { iniEntry, npmrc } from '../clients/edit-ini.ts'
import { environmentLayer } from '../clients/environment.ts'
import { type Machine, shortPath } from '../clients/machine.ts'
import { projectNpmrc, userNpmrc } from '../clients/npmrc-layers.ts'

export interface ClientProxy {
  /** May hold credentials. */
  readonly url: string
  /** `https-proxy in ~/.npmrc`, or the variable. */
  readonly foundIn: string
}

const names = ['https-proxy', 'proxy'] as const

/** The proxy of npm's own settings, which stands above the variables of the environment; undefined when there is none. */
export async function npmProxy(machine: Machine): Promise<ClientProxy | undefined> {
  const variables = names.map((name) => `npm_config_${name.replace('-', '_')}`)
  const { where, value } = await environmentLayer(machine, variables, { anyCase: true })
  if (value !== undefined) return { url: value, foundIn: where }
  for (const file of [await projectNpmrc(machine), await userNpmrc(machine)]) {
    const text = (await machine.readText(file)) ?? ''
    for (const name of names) {
      const set = iniEntry(text, npmrc, undefined, name)?.value
      if (set && set !== 'null') return { url: set, foundIn: `${name} in ${shortPath(file, machine)}` }
    }
  }
  return undefined
}
