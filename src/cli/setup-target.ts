import type { Client } from '../clients/client.ts'
import { clients } from '../clients/clients.ts'
import { readTextFile } from '../config/read-text-file.ts'
import type { Config } from '../config/schema.ts'
import type { EcosystemId } from '../ecosystems/ecosystem.ts'
import { type Catalogue, ecosystems, standingOf } from '../mirrors/catalogue.ts'
import { loadCatalogue } from '../mirrors/load-catalogue.ts'
import { cargoRegistryName } from '../mirrors/registry-name.ts'
import { REGISTRIES } from '../serve/rooms.ts'
import { readServerFile } from '../serve/server-file.ts'
import type { FlagValue } from './flags.ts'
import type { Io } from './io.ts'

type Address =
  | { readonly ok: true; readonly address: string; readonly fallback: string | undefined }
  | { readonly ok: false; readonly message: string }

/** Where clients are led to. */
export type Target =
  | {
      readonly ok: true
      /** Without a slash at the end. */
      readonly base: string
      readonly privatePatterns: readonly string[]
      readonly addressFor: (client: Client) => Address
      /** Whether an address is at the host of a mirror in the catalogue, retired ones included. */
      readonly isPublic: (ecosystem: EcosystemId) => (address: string) => boolean
    }
  | { readonly ok: false; readonly message: string }

/** Reads --url and --mirror. Contacts nobody. */
export async function findTarget(
  values: Readonly<Record<string, FlagValue>>,
  config: Config,
  io: Io,
): Promise<Target> {
  const { url, mirror } = values
  const base = typeof url === 'string' ? readBase(url) : await localBase(config)
  if (!base.ok) return base
  const catalogues = await loadAll(config, io)
  if (!catalogues.ok) return catalogues
  const registry = await cargoRegistryName(io.env)
  const addressesOf = (ecosystem: EcosystemId) =>
    catalogues.all
      .find((one) => one.ecosystem === ecosystem)
      ?.mirrors.map((entry) => ({
        entry,
        addresses: entry.addresses.map((address) => address.replace('{registry}', registry ?? '{registry}')),
      })) ?? []
  return {
    ok: true,
    base: base.url,
    privatePatterns: config.go.private,
    isPublic: (ecosystem) => {
      const hosts = new Set(addressesOf(ecosystem).flatMap(({ addresses }) => addresses.map(hostOf)))
      return (address) => hosts.has(hostOf(address))
    },
    addressFor: (client) => {
      const own = typeof url === 'string' ? undefined : ownBase(config, client.ecosystem)
      // At an address of its own a registry stands at the root: what its lock files like best.
      const ours =
        own === undefined ? base.url + client.path : own + client.path.slice(client.ecosystem.length + 1)
      if (typeof mirror !== 'string') return { ok: true, address: ours, fallback: undefined }
      const known = addressesOf(client.ecosystem)
      const found = known.find(({ entry }) => entry.id === mirror)
      const [address] = found?.addresses ?? []
      if (found === undefined || address === undefined) {
        const ids = known.map(({ entry }) => entry.id).join(', ')
        return { ok: false, message: `there is no mirror '${mirror}' for ${client.title}; known: ${ids}` }
      }
      if (standingOf(found.entry, Date.now()) === 'retired') {
        const next = found.entry.replacedBy
        return {
          ok: false,
          message: `mirror '${mirror}' is retired${next === undefined ? '' : `; use ${next}`}`,
        }
      }
      if (address.includes('{')) {
        return { ok: false, message: `the address of '${mirror}' needs Cargo, which is not installed` }
      }
      if (client.id === 'go') return { ok: true, address: ours, fallback: address }
      return typeof url === 'string'
        ? { ok: false, message: `${client.title} takes one address: --url or --mirror` }
        : { ok: true, address, fallback: undefined }
    },
  }
}

type Base = { readonly ok: true; readonly url: string } | { readonly ok: false; readonly message: string }

function readBase(written: string): Base {
  const url = URL.parse(written)
  if (url === null || !/^https?:$/.test(url.protocol) || url.host === '') {
    return { ok: false, message: '--url is an address such as http://127.0.0.1:7678' }
  }
  if (url.search !== '' || url.hash !== '')
    return { ok: false, message: '--url takes no query and no fragment' }
  if (/['"\s\\|,]/.test(written))
    return { ok: false, message: '--url is one address without quotes and blanks' }
  const base = url.href.replace(/\/+$/, '')
  const path = clients
    .map((client) => client.path)
    .find((one) => url.pathname.replace(/\/+$/, '').endsWith(one))
  if (path !== undefined) {
    return { ok: false, message: `--url is the address without ${path}, which each client gets by itself` }
  }
  return { ok: true, url: base }
}

/** The address of its own that the server gives a registry, if any. */
function ownBase(config: Config, ecosystem: EcosystemId): string | undefined {
  const known = REGISTRIES.find((id) => id === ecosystem)
  const listen = known === undefined ? undefined : config[known].listen
  return listen === undefined || listen.port === 0 ? undefined : addressOf(listen)
}

/** A server that listens on all addresses is reached on the loopback; one on any free port has told which. */
async function localBase({ listen, data }: Config): Promise<Base> {
  if (listen.port === 0) {
    const server = await readServerFile(data)
    return server === undefined
      ? { ok: false, message: 'the server takes any free port and does not run: start it, or give --url' }
      : { ok: true, url: server.url.replace(/\/+$/, '') }
  }
  return { ok: true, url: addressOf(listen) }
}

function addressOf(listen: Config['listen']): string {
  const host = ['0.0.0.0', '::', '[::]'].includes(listen.host) ? '127.0.0.1' : listen.host
  const written = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
  return `http://${written}:${listen.port}`
}

async function loadAll(
  config: Config,
  io: Io,
): Promise<{ ok: true; all: readonly Catalogue[] } | { ok: false; message: string }> {
  const all: Catalogue[] = []
  for (const ecosystem of ecosystems) {
    const files = config.mirrors.catalogue
    const loaded = await loadCatalogue({ ecosystem, files, cwd: io.cwd, readFile: readTextFile })
    if (!loaded.ok)
      return {
        ok: false,
        message: loaded.problems.map(({ where, message }) => `${where}: ${message}`).join('; '),
      }
    all.push(loaded.catalogue)
  }
  return { ok: true, all }
}

function hostOf(address: string): string {
  return URL.parse(address)?.host ?? address
}
