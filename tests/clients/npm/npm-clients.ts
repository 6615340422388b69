import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { firstLine } from '../registry/machine.ts'
import { obtainClient } from '../registry/obtain-client.ts'
import type { ClientPlace, ClientProject, RegistryClient } from '../registry/registry-client.ts'

const common = {
  ecosystem: 'npm',
  installed: installedPackages,
  fewRetries: { npm_config_fetch_retries: '0', pnpm_config_fetch_retries: '0' },
} as const

/** The host that npm takes for the configured registry, as it does by default with the public one's. */
const replacesHost = {
  host: 'npm.example',
  env: { npm_config_replace_registry_host: 'npm.example' },
} as const

export const npmClients: readonly RegistryClient[] = [
  {
    ...common,
    id: 'npm',
    isQuick: true,
    mendsPrefix: true,
    lockFiles: ['package-lock.json'],
    lockAddresses: 'base',
    obtain: async () => {
      const version = await firstLine('npm', ['--version'])
      return version === undefined ? { missing: 'no npm on this machine' } : { command: ['npm'], version }
    },
    files: withNpmrc,
    env: npmEnv,
    install: ['install'],
    installLocked: ['ci'],
    canonical: replacesHost,
  },
  {
    ...common,
    id: 'npm-8',
    isQuick: false,
    lockFiles: ['package-lock.json'],
    lockAddresses: 'base',
    obtain: () => obtainClient('npm-8'),
    files: withNpmrc,
    env: npmEnv,
    install: ['install'],
    installLocked: ['ci'],
    canonical: replacesHost,
  },
  ...(['pnpm-10', 'pnpm-12'] as const).map(
    (id): RegistryClient => ({
      ...common,
      id,
      isQuick: false,
      lockFiles: ['pnpm-lock.yaml'],
      lockAddresses: 'none',
      obtain: () => obtainClient(id),
      files: (project) => ({ ...withNpmrc(project), 'pnpm-workspace.yaml': 'packages: ["."]\n' }),
      env: (place) => ({
        ...npmEnv(place),
        npm_config_store_dir: join(place.home, 'store'),
        pnpm_config_store_dir: join(place.home, 'store'),
        npm_config_manage_package_manager_versions: 'false',
        pnpm_config_manage_package_manager_versions: 'false',
        PNPM_HOME: join(place.home, 'pnpm'),
        CI: 'true',
      }),
      install: ['install', '--no-frozen-lockfile'],
      installLocked: ['install', '--frozen-lockfile'],
    }),
  ),
  {
    ...common,
    id: 'yarn-1',
    isQuick: false,
    lockFiles: ['yarn.lock'],
    lockAddresses: 'base',
    obtain: () => obtainClient('yarn-1'),
    files: (project) => ({ ...packageJson(project), '.yarnrc': `registry "${project.registry}"\n` }),
    env: (place) => ({ ...npmEnv(place), YARN_CACHE_FOLDER: join(place.home, 'yarn-cache') }),
    install: ['install', '--non-interactive', '--no-progress'],
    installLocked: ['install', '--frozen-lockfile', '--non-interactive', '--no-progress'],
  },
  {
    ...common,
    id: 'yarn-4',
    isQuick: false,
    lockFiles: ['yarn.lock'],
    lockAddresses: 'none',
    obtain: () => obtainClient('yarn-4'),
    files: (project) => ({ ...packageJson(project), 'yarn.lock': '' }),
    env: (place) => ({
      ...npmEnv(place),
      YARN_NPM_REGISTRY_SERVER: place.registry,
      YARN_UNSAFE_HTTP_WHITELIST: '127.0.0.1',
      YARN_NODE_LINKER: 'node-modules',
      YARN_ENABLE_GLOBAL_CACHE: 'false',
      YARN_GLOBAL_FOLDER: join(place.home, 'yarn'),
      YARN_ENABLE_TELEMETRY: '0',
      YARN_ENABLE_IMMUTABLE_INSTALLS: 'false',
    }),
    install: ['install'],
    installLocked: ['install', '--immutable'],
    fewRetries: { YARN_HTTP_RETRY: '0' },
  },
  {
    ...common,
    id: 'bun',
    isQuick: false,
    lockFiles: ['bun.lock'],
    lockAddresses: 'base',
    obtain: async () => ({ command: [process.execPath], version: Bun.version }),
    files: (project) => ({
      ...packageJson(project),
      'bunfig.toml': `[install]\nregistry = "${project.registry}/"\n`,
    }),
    env: (place) => ({ ...npmEnv(place), BUN_INSTALL_CACHE_DIR: join(place.home, 'bun-cache') }),
    install: ['install', '--no-progress'],
    installLocked: ['install', '--frozen-lockfile', '--no-progress'],
  },
]

/** Throws for a client that is not in the table. */
export function npmClient(id: string): RegistryClient {
  const found = npmClients.find((client) => client.id === id)
  if (found === undefined) throw new Error(`no client ${id}`)
  return found
}

function packageJson({ requires }: ClientProject) {
  const content = { name: 'project', version: '1.0.0', private: true, dependencies: requires }
  return { 'package.json': `${JSON.stringify(content, undefined, 2)}\n` }
}

function withNpmrc(project: ClientProject) {
  return { ...packageJson(project), '.npmrc': `registry=${project.registry}/\n` }
}

function npmEnv({ home }: ClientPlace): Readonly<Record<string, string>> {
  return {
    npm_config_cache: join(home, 'npm-cache'),
    npm_config_userconfig: join(home, '.npmrc'),
    npm_config_globalconfig: join(home, 'npmrc-global'),
    npm_config_update_notifier: 'false',
    npm_config_fund: 'false',
    npm_config_loglevel: 'notice',
  }
}

/** Every package below the project's `node_modules`, at any depth; links are not followed. */
async function installedPackages(project: string): Promise<string[]> {
  const found = new Set<string>()
  const visit = async (folder: string, isModules: boolean) => {
    const entries = await readdir(folder, { withFileTypes: true })
    for (const entry of entries) {
      if (!entry.isDirectory()) continue
      const path = join(folder, entry.name)
      if (isModules && !entry.name.startsWith('.') && !entry.name.startsWith('@')) {
        const text = await readFile(join(path, 'package.json'), 'utf8').catch(() => undefined)
        if (text !== undefined) {
          const { name, version } = JSON.parse(text) as { name?: string; version?: string }
          found.add(`${name}@${version}`)
        }
      }
      const holdsPackages = entry.name === 'node_modules' || (isModules && entry.name.startsWith('@'))
      await visit(path, holdsPackages)
    }
  }
  await visit(join(project, 'node_modules'), true).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
  return [...found].sort()
}
