import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ClientId } from '../../clients/client.ts'
import { folderWith, type Machine } from '../../clients/machine.ts'
import { scanToml } from '../../clients/scan-toml.ts'
import { type ClientRun, lastWords, privateFolders, type RunPlace, type Step } from '../client-run.ts'
import { mentions, urllibRequests } from './pip-run.ts'

interface ProjectClient {
  readonly client: ClientId
  /** Where its sources stand in a pyproject.toml, below `tool`. */
  readonly tool: string
  /** More lines of the project that is made. */
  readonly lines: string
  /** Settings files beside pyproject.toml. */
  readonly beside: readonly string[]
  readonly args: readonly string[]
  readonly env: (folder: string) => Readonly<Record<string, string>>
}

/**
 * A client that resolves projects only, and takes its sources from theirs: it locks a project of our own that has
 * the sources of the one in the present folder.
 */
function projectRun({ client, tool, lines, beside, args, env }: ProjectClient): ClientRun {
  return {
    client,
    marks: 'name',
    fetches: 'metadata',

    async steps(place) {
      const sources = await sourcesHere(place.machine, tool)
      const make = async (name: string, requirement: string): Promise<Step> => {
        const cwd = join(place.folder, name)
        await mkdir(cwd)
        const project = `[project]\nname = "posthaste-verify"\nversion = "0"\nrequires-python = ">=3.9"\ndependencies = ["${requirement}"]\n`
        await writeFile(join(cwd, 'pyproject.toml'), `${project}${lines}${sources}`)
        await copySettings(place.machine, beside, cwd)
        return { args, cwd, env: { ...privateFolders(place.folder), ...env(place.folder) } }
      }
      const { marker, pinned } = place
      return [await make('marker', marker), await make('pinned', `${pinned.name}==${pinned.version}`)]
    },

    async read([, result], { pinned, facts }: RunPlace) {
      const { code, stdout = '', stderr = '' } = result ?? {}
      const said = `${stdout}\n${stderr}`
      return {
        ok: code === 0,
        said: lastWords(said),
        asked: urllibRequests(said).filter((url) => mentions(url, pinned.name)),
        asking: 'requests',
        artifact: facts && { kind: 'url', url: facts.url },
        expected: [],
        notes: [],
      }
    },
  }
}

/** The tables `[[tool.X.source]]` of the project around, as they are written. */
async function sourcesHere(machine: Machine, tool: string): Promise<string> {
  const folder = await folderWith(machine, ['pyproject.toml'])
  const text = folder && (await machine.readText(join(folder, 'pyproject.toml')))
  if (!text) return ''
  const tables = scanToml(text)
  return tables
    .filter(({ path }) => path[0] === 'tool' && path[1] === tool && path[2] === 'source')
    .map((table) => {
      const entries = table.entries.map((entry) => text.slice(entry.start, entry.end).trimEnd())
      const header = table.path.join('.')
      return `\n${table.isArray ? `[[${header}]]` : `[${header}]`}\n${entries.join('\n')}\n`
    })
    .join('')
}

async function copySettings(machine: Machine, names: readonly string[], to: string): Promise<void> {
  const folder = await folderWith(machine, ['pyproject.toml'])
  if (folder === undefined) return
  for (const name of names) {
    const text = await machine.readText(join(folder, name))
    if (text !== undefined) await writeFile(join(to, name), text, { mode: 0o600 })
  }
}

export const poetryRun = projectRun({
  client: 'poetry',
  tool: 'poetry',
  lines: '[tool.poetry]\npackage-mode = false\n',
  beside: ['poetry.toml'],
  args: ['lock', '-vvv', '--no-interaction', '--no-ansi'],
  env: (folder) => ({
    POETRY_CACHE_DIR: join(folder, 'poetry'),
    POETRY_VIRTUALENVS_CREATE: 'false',
    POETRY_REQUESTS_MAX_RETRIES: '0',
  }),
})

export const pdmRun = projectRun({
  client: 'pdm',
  tool: 'pdm',
  lines: '[tool.pdm]\ndistribution = false\n',
  beside: ['pdm.toml'],
  args: ['lock', '-v'],
  env: (folder) => ({
    PDM_CACHE_DIR: join(folder, 'pdm'),
    PDM_LOG_DIR: join(folder, 'logs'),
    PDM_CHECK_UPDATE: '0',
    PDM_NON_INTERACTIVE: '1',
    PDM_USE_VENV: 'false',
  }),
})
