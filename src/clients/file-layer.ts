import { type Layer, type Setter, sameValue } from './client.ts'
import { SettingsFileError } from './file-text.ts'
import { type Machine, shortPath } from './machine.ts'

/** The layer of a settings file. A file that is no such file, or cannot be read, is told with its path. */
export async function fileLayer(
  machine: Machine,
  setter: Setter,
  file: string,
  read: (text: string) => string | undefined,
): Promise<Layer> {
  try {
    const text = await machine.readText(file)
    const value = text === undefined ? undefined : read(text)
    return { setter, where: shortPath(file, machine), file, value }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const hint = error instanceof SettingsFileError ? error.hint : 'make it readable'
    throw new SettingsFileError(`${shortPath(file, machine)}: ${message}`, hint)
  }
}

export function builtIn(title: string, value?: string): Layer {
  return { setter: 'default', where: `${title}'s own default`, value }
}

/** What a scope's file said before, unless that was already the address that is wanted. */
export function formerly(
  layers: readonly Layer[],
  file: string,
  ours: (value: string) => boolean,
): string | undefined {
  const value = layers.find((layer) => layer.file === file)?.value
  return value === undefined || ours(value) ? undefined : value
}

/** What a person should know when an address that may be a company's own is replaced. */
export function replacing(
  previous: string | undefined,
  wanted: { address: string; isPublic: (address: string) => boolean },
): string[] {
  if (previous === undefined || wanted.isPublic(previous) || sameValue(previous, wanted.address)) return []
  const host = URL.parse(previous.replace(/^sparse\+/, ''))?.host ?? previous
  return [
    `${host} is no public mirror: Posthaste must have it as its upstream, and a token for ${host} is not sent to Posthaste`,
  ]
}

export const plainHttp =
  'the address is http and not on this machine: packages and passwords cross the network unprotected'
