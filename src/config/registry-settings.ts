import { list, optional } from './kinds.ts'
import { listenAddress, namePattern, publicHost, sourceAddress } from './network-kinds.ts'
import { setting } from './setting.ts'
import { missTtl, ttl } from './ttl.ts'

/** What the summaries and examples of one registry's settings speak of. */
interface RegistryWords {
  readonly id: string
  readonly title: string
  /** Where the toolchain says what `upstream` is by default. */
  readonly found: string
  readonly upstream: string
  readonly privateName: string
  readonly privateUpstream: string
  readonly port: number
}

/** The settings that every registry of packages has. */
export function registrySettings(words: RegistryWords) {
  const { id, title } = words
  return {
    upstream: setting(list('URLs', sourceAddress), {
      fallback: { value: [] },
      summary: `Where ${title} packages come from. All are equal: they are raced, hedged and resumed from one another. Default: ${words.found}.`,
      example: `["${words.upstream}"]`,
    }),
    private: setting(list('patterns', namePattern), {
      fallback: { value: [] },
      summary: `Names that are never sent to a public source; \`*\` stands for any characters. Without \`${id}.privateUpstream\` they are refused.`,
      example: `["${words.privateName}"]`,
    }),
    privateUpstream: setting(list('URLs', sourceAddress), {
      fallback: { value: [] },
      summary: 'Where private names come from. Its credentials stand in `upstream.credentials`.',
      example: `["${words.privateUpstream}"]`,
    }),
    listen: setting(optional(listenAddress), {
      fallback: { value: undefined },
      summary: `An address of its own on which the ${title} registry stands at the root, beside \`/${id}/\` on \`listen\`.`,
      example: `127.0.0.1:${words.port}`,
      needsRestart: true,
    }),
    host: setting(optional(publicHost), {
      fallback: { value: undefined },
      summary: `A host name of its own on \`listen\` under which the ${title} registry stands at the root.`,
      example: `${id}.posthaste.corp.example`,
    }),
    ttl: {
      metadataMs: ttl(
        300,
        'How long metadata of a package is fresh. Afterwards it is served while one refresh runs.',
        '60s',
      ),
      missMs: missTtl(60),
    },
  }
}
