import { join } from 'node:path'
import { type ClientRun, lastWords, privateFolders, type RunPlace, type Step } from '../client-run.ts'

/** `pnpm store add`: fetches into a store and touches no project. It tells no addresses, so its setting is asked too. */
export const pnpmRun: ClientRun = {
  client: 'pnpm',
  marks: 'name',
  fetches: 'file',

  async steps(place) {
    const { folder, machine, marker, pinned } = place
    const env = pnpmEnvironment(folder)
    const add = (spec: string): Step => ({ args: storeAdd(place, spec), cwd: machine.cwd, env })
    return [
      add(`${marker}@0.0.0`),
      add(`${pinned.name}@${pinned.version}`),
      { args: ['config', 'get', 'registry'], cwd: machine.cwd, env },
    ]
  },

  async read([, result, setting], { facts }) {
    const { code, stdout = '', stderr = '' } = result ?? {}
    const registry = setting?.stdout.trim().split('\n').at(-1) ?? ''
    return {
      ok: code === 0,
      said: lastWords(stdout, stderr),
      asked: URL.canParse(registry) ? [registry] : [],
      asking: 'setting',
      artifact: facts && { kind: 'url', url: facts.url },
      expected: [],
      notes: [],
    }
  },
}

function storeAdd({ folder }: RunPlace, spec: string): string[] {
  return [
    ...[
      'store',
      'add',
      spec,
      `--store-dir=${join(folder, 'store')}`,
      `--config.cache-dir=${join(folder, 'pnpm')}`,
    ],
    ...[`--config.state-dir=${join(folder, 'state')}`, '--config.fetch-retries=0'],
  ]
}

function pnpmEnvironment(folder: string): Record<string, string> {
  return {
    ...privateFolders(folder),
    // Up to pnpm 10 it hands questions about settings to npm, which keeps a log of each.
    npm_config_cache: join(folder, 'npm'),
    npm_config_logs_dir: join(folder, 'logs'),
    // Else it fetches the release of itself that a project names.
    npm_config_manage_package_manager_versions: 'false',
    pnpm_config_manage_package_manager_versions: 'false',
    pnpm_config_pm_on_fail: 'ignore',
  }
}
