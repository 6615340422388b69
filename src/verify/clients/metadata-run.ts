import type { ClientId } from '../../clients/client.ts'
import {
  type ClientRun,
  lastWords,
  privateFolders,
  type Reading,
  type Step,
  type StepResult,
} from '../client-run.ts'

interface MetadataClient {
  readonly client: ClientId
  /** Asks the registry about one version and prints JSON. */
  readonly ask: (spec: string, folder: string) => readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Prints the registry that is set. */
  readonly setting?: readonly string[]
  /** In what the client says of its requests: each address in the first group. */
  readonly requests?: RegExp
}

/**
 * A client that cannot fetch one package without a project of its own: it is asked, in the present folder, what its
 * registry says of the package, and the file that the answer names is fetched beside it.
 */
export function metadataRun({ client, ask, env = {}, setting, requests }: MetadataClient): ClientRun {
  return {
    client,
    marks: 'name',
    fetches: 'metadata',

    async steps({ machine, folder, marker, pinned }) {
      const step = (args: readonly string[]): Step => {
        return { args, cwd: machine.cwd, env: { ...privateFolders(folder), ...env } }
      }
      return [
        step(ask(marker, folder)),
        step(ask(`${pinned.name}@${pinned.version}`, folder)),
        ...(setting === undefined ? [] : [step(setting)]),
      ]
    },

    async read([, result, set], { pinned }): Promise<Reading> {
      const { stdout = '', stderr = '' } = result ?? {}
      const dist = distIn(stdout)
      const lines = requests === undefined ? [] : [...`${stdout}\n${stderr}`.matchAll(requests)]
      const told = lines.flatMap(([, url = '']) =>
        decodeURIComponent(url).includes(`/${pinned.name}`) ? [url] : [],
      )
      const registry = settingIn(set)
      return {
        ok: dist !== undefined,
        said: lastWords(stdout, stderr),
        asked: [...new Set([...told, ...registry])],
        asking: requests === undefined ? 'setting' : 'requests',
        artifact: dist && { kind: 'url', url: dist.tarball },
        expected:
          dist?.integrity === undefined
            ? []
            : [{ hashes: [dist.integrity], by: "the registry's integrity field" }],
        notes: [],
      }
    },
  }
}

function settingIn(result: StepResult | undefined): string[] {
  const said = result?.stdout.trim().split('\n').at(-1) ?? ''
  return URL.canParse(said) ? [said] : []
}

interface Dist {
  readonly tarball: string
  readonly integrity?: string
}

/** The `dist` of a version, wherever it stands in what the client printed. */
function distIn(stdout: string): Dist | undefined {
  const tarball = /"tarball":\s*"([^"]+)"/.exec(stdout)?.[1]
  const integrity = /"integrity":\s*"([^"]+)"/.exec(stdout)?.[1]
  if (tarball === undefined) return undefined
  return { tarball, ...(integrity === undefined ? {} : { integrity }) }
}

export const yarn1Run = metadataRun({
  client: 'yarn1',
  ask: (spec, folder) => ['info', spec, 'dist', '--json', '--verbose', '--cache-folder', `${folder}/yarn`],
  requests: /Performing \\?"GET\\?" request to \\?"(https?:[^"\\]+)/g,
})

export const yarn4Run = metadataRun({
  client: 'yarn4',
  ask: (spec) => ['npm', 'info', spec, '--fields', 'dist', '--json'],
  env: { YARN_ENABLE_TELEMETRY: '0', YARN_HTTP_RETRY: '0' },
  setting: ['config', 'get', 'npmRegistryServer'],
})

export const bunRun = metadataRun({
  client: 'bun',
  ask: (spec) => ['info', spec, 'dist', '--json'],
})
