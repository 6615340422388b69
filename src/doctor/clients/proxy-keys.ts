import type { ClientId } from '../../clients/client.ts'
import type { SettingsFormat } from './settings-files.ts'

type Kind = 'https' | 'http' | 'noProxy'

/** One name of a setting, in its variables and in each form of file. The first one that is set counts. */
interface Key {
  readonly variables?: readonly string[]
  readonly inFiles: Partial<Record<SettingsFormat, readonly string[]>>
}

/** Where a client has its own settings of proxies; the order is the client's. */
export interface ProxyKeys extends Readonly<Record<Kind, readonly Key[]>> {
  /** Variables in any case, as npm has them. */
  readonly anyCase: boolean
  readonly readsVariables: boolean
  /** A proxy of its own settings is taken whatever NO_PROXY says. */
  readonly ignoresNoProxy: boolean
  /** Variables that stand above the files. */
  readonly variablesFirst?: Readonly<Partial<Record<Kind, readonly string[]>>>
  /** Adds what the client takes for granted. */
  readonly complete?: (value: string) => string
  /** Whether git's http.proxy is asked next. */
  readonly git?: boolean
}

const npmKey = (name: string, yaml: string): Key => ({
  variables: [`npm_config_${name.replace('-', '_')}`],
  inFiles: { npmrc: [name], yarnrc: [name], yaml: [yaml] },
})
const npmProxy = npmKey('proxy', 'proxy')
const npmHttps = npmKey('https-proxy', 'httpsProxy')
const npmHttp = npmKey('http-proxy', 'httpProxy')
const npmExempt = [npmKey('noproxy', 'noProxy'), npmKey('no-proxy', 'noProxy')]

const yarn = (name: string, variable: string): Key[] => [{ variables: [variable], inFiles: { yaml: [name] } }]
const pipProxy: readonly Key[] = [
  { variables: ['PIP_PROXY'], inFiles: { pip: ['install.proxy', 'global.proxy'] } },
]
const uv = (name: string): Key[] => [{ inFiles: { toml: [name] } }]
const cargoProxy: readonly Key[] = [{ variables: ['CARGO_HTTP_PROXY'], inFiles: { toml: ['http.proxy'] } }]

/** Clients without an entry have nothing but the variables. Maven and Gradle: see there. */
export const proxyKeys: Readonly<Partial<Record<ClientId, ProxyKeys>>> = {
  // npm-registry-fetch: `https-proxy`, else `proxy`, whatever the address.
  npm: {
    https: [npmHttps, npmProxy],
    http: [npmHttps, npmProxy],
    noProxy: npmExempt,
    anyCase: true,
    readsVariables: true,
    ignoresNoProxy: false,
  },
  pnpm: {
    https: [npmHttps, npmProxy],
    http: [npmHttp, npmProxy],
    noProxy: npmExempt,
    anyCase: true,
    readsVariables: true,
    ignoresNoProxy: false,
  },
  // The request library spares NO_PROXY only where the proxy comes from a variable.
  yarn1: {
    https: [npmHttps, npmProxy],
    http: [npmProxy],
    noProxy: [],
    anyCase: true,
    readsVariables: true,
    ignoresNoProxy: true,
  },
  yarn4: {
    https: yarn('httpsProxy', 'YARN_HTTPS_PROXY'),
    http: yarn('httpProxy', 'YARN_HTTP_PROXY'),
    noProxy: [],
    anyCase: false,
    readsVariables: false,
    ignoresNoProxy: true,
  },
  // With `proxy` set, pip's session no longer trusts the environment (trust_env).
  pip: {
    https: pipProxy,
    http: pipProxy,
    noProxy: [],
    anyCase: false,
    readsVariables: true,
    ignoresNoProxy: true,
  },
  uv: {
    https: uv('https-proxy'),
    http: uv('http-proxy'),
    noProxy: uv('no-proxy'),
    anyCase: false,
    readsVariables: true,
    ignoresNoProxy: false,
    variablesFirst: {
      https: ['HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy'],
      http: ['HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy'],
      noProxy: ['NO_PROXY', 'no_proxy'],
    },
  },
  cargo: {
    https: cargoProxy,
    http: cargoProxy,
    noProxy: [],
    anyCase: false,
    readsVariables: true,
    ignoresNoProxy: false,
    // libcurl's own port for a proxy without one (CURLOPT_PROXY).
    complete: (value) => (/:\d+\/?$/.test(value) ? value : `${value.replace(/\/$/, '')}:1080`),
    git: true,
  },
}
