import type { Config } from '../config/schema.ts'
import type { EcosystemId } from '../ecosystems/ecosystem.ts'
import { isLoopbackName } from '../http/loopback.ts'
import type { HttpServer } from '../http/server.ts'
import type { Room } from './room.ts'
import type { Rooms } from './rooms.ts'

/** What a person needs above the ready line: where data lies, what was found and how, and the lines to copy. */
export function greeting({
  config,
  rooms,
  url,
  own,
  without,
}: {
  readonly config: Config
  readonly rooms: Pick<Rooms, 'all'>
  readonly url: string
  readonly own: HttpServer['own']
  /** Ecosystems whose sources are not known yet. */
  readonly without: readonly EcosystemId[]
}): readonly string[] {
  const known = rooms.all().filter(({ ecosystem }) => !without.includes(ecosystem.id))
  const all = [line('data', config.data), ...toldOf(known)]
  if (config.offline) all.push(line('offline', 'answers come from what is kept; nothing is sent upstream'))
  for (const { ecosystem, client } of rooms.all()) {
    const base = addressOf(ecosystem.id, url, own)
    all.push('', line('to use', client.line(base)), line('to undo', client.undo))
  }
  return [...all, '', line('page', `${url}/`), '']
}

/** What was found, and how. */
export function toldOf(rooms: readonly Room[]): string[] {
  return rooms.flatMap(({ told }) => told.map(([word, text]) => line(word, text)))
}

/** Where a client that reaches us at `url` finds an ecosystem: at the address that it has to itself, if it has one. */
export function addressOf(id: EcosystemId, url: string, own: HttpServer['own']): string {
  const alone = own.find((one) => one.id === id)
  const address = new URL(url)
  // Whoever speaks TLS before us does so at its own port; and a door on loopback is none for other machines.
  if (alone === undefined || address.protocol === 'https:') return `${url}/${id}`
  const door = new URL(alone.url)
  if (!alone.isEverywhere) {
    const isReached = isLoopbackHost(address.hostname) || !isLoopbackHost(door.hostname)
    return isReached ? alone.url : `${url}/${id}`
  }
  address.port = door.port
  return address.href.replace(/\/$/, '')
}

function isLoopbackHost(hostname: string): boolean {
  return isLoopbackName(hostname.replace(/^\[|\]$/g, ''))
}

function line(word: string, text: string): string {
  return `${word.padEnd(9)} ${text}`
}
