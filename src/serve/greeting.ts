import type { Config } from '../config/schema.ts'
import type { EcosystemId } from '../ecosystems/ecosystem.ts'
import type { HttpServer } from '../http/server.ts'
import type { Rooms } from './rooms.ts'

/** What a person needs above the ready line: where data lies, what was found and how, and the lines to copy. */
export function greeting({
  config,
  rooms,
  url,
  own,
}: {
  readonly config: Config
  readonly rooms: Pick<Rooms, 'all'>
  readonly url: string
  readonly own: HttpServer['own']
}): readonly string[] {
  const lines = [['data', config.data] as const, ...rooms.all().flatMap(({ told }) => told)]
  if (config.offline) {
    lines.push(['offline', 'answers come from what is kept; nothing is sent upstream'])
  }
  const all = lines.map(([word, text]) => line(word, text))
  for (const { ecosystem, client } of rooms.all()) {
    const base = addressOf(ecosystem.id, url, own)
    all.push('', line('to use', client.line(base)), line('to undo', client.undo))
  }
  return [...all, '', line('page', `${url}/`), '']
}

/** Where a client that reaches us at `url` finds an ecosystem: at the address that it has to itself, if it has one. */
export function addressOf(id: EcosystemId, url: string, own: HttpServer['own']): string {
  const alone = own.find((one) => one.id === id)
  if (alone === undefined) return `${url}/${id}`
  const address = new URL(url)
  address.port = new URL(alone.url).port
  return address.href.replace(/\/$/, '')
}

function line(word: string, text: string): string {
  return `${word.padEnd(9)} ${text}`
}
