import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { firstLine, pythonProgram } from '../registry/machine.ts'
import { obtainClient } from '../registry/obtain-client.ts'
import type { ClientProject, RegistryClient } from '../registry/registry-client.ts'

export const python = await pythonProgram()

const pythonEnv = { PIP_CONFIG_FILE: '/dev/null', PIP_DISABLE_PIP_VERSION_CHECK: '1' } as const
const common = { ecosystem: 'pypi', installed: installedDistributions } as const

export const pypiClients: readonly RegistryClient[] = [
  {
    ...common,
    id: 'pip',
    isQuick: true,
    lockFiles: [],
    lockAddresses: 'none',
    obtain: async () => {
      if (python === undefined) return { missing: 'no python3 on this machine' }
      const said = await firstLine(python, ['-m', 'pip', '--version'])
      const version = /^pip (\S+)/.exec(said ?? '')?.[1]
      return version === undefined
        ? { missing: 'python3 has no pip' }
        : { command: [python, '-m', 'pip'], version }
    },
    files: ({ requires }) => ({ 'requirements.txt': `${requirementsOf(requires).join('\n')}\n` }),
    env: ({ home, registry }) => ({
      ...pythonEnv,
      PIP_INDEX_URL: `${registry}/`,
      PIP_CACHE_DIR: join(home, 'pip'),
    }),
    install: [
      ...['install', '--target', 'site-packages', '--no-compile', '--progress-bar', 'off'],
      ...['-r', 'requirements.txt'],
    ],
    installLocked: undefined,
    fewRetries: { PIP_RETRIES: '0' },
    causeWith: ['-vv'],
  },
  {
    ...common,
    id: 'uv',
    isQuick: false,
    lockFiles: ['uv.lock'],
    lockAddresses: 'files',
    obtain: () => obtainClient('uv'),
    files: (project) => ({ 'pyproject.toml': `${projectTable(project)}\n[tool.uv]\npackage = false\n` }),
    env: ({ home, registry }) => ({
      UV_DEFAULT_INDEX: `${registry}/`,
      UV_CACHE_DIR: join(home, 'uv'),
      UV_PYTHON: python ?? '',
      UV_PYTHON_DOWNLOADS: 'never',
      UV_NO_CONFIG: '1',
    }),
    install: ['sync', '--no-progress'],
    installLocked: ['sync', '--frozen', '--no-progress'],
    fewRetries: { UV_HTTP_RETRIES: '0' },
  },
  {
    ...common,
    id: 'poetry',
    isQuick: false,
    lockFiles: ['poetry.lock'],
    lockAddresses: 'base',
    lockHash: {
      pattern: /^content-hash = .*$/m,
      shown: "the hash of the project's file, which names the source",
    },
    obtain: () => obtainClient('poetry'),
    files: (project) => ({
      'pyproject.toml': [
        projectTable(project),
        '[tool.poetry]\npackage-mode = false\n',
        `[[tool.poetry.source]]\nname = "relay"\nurl = "${project.registry}/"\npriority = "primary"\n`,
      ].join('\n'),
    }),
    env: ({ home }) => ({
      ...pythonEnv,
      POETRY_CACHE_DIR: join(home, 'poetry-cache'),
      POETRY_CONFIG_DIR: join(home, 'poetry-config'),
      POETRY_VIRTUALENVS_IN_PROJECT: 'true',
      POETRY_KEYRING_ENABLED: 'false',
    }),
    install: ['install', '--no-interaction', '--no-ansi'],
    installLocked: ['sync', '--no-interaction', '--no-ansi'],
    fewRetries: { POETRY_REQUESTS_MAX_RETRIES: '0' },
  },
  {
    ...common,
    id: 'pdm',
    isQuick: false,
    lockFiles: ['pdm.lock'],
    lockAddresses: 'none',
    obtain: () => obtainClient('pdm'),
    files: (project) => ({
      'pyproject.toml': `${projectTable(project)}\n[tool.pdm]\ndistribution = false\n`,
    }),
    env: ({ home, registry }) => ({
      ...pythonEnv,
      PDM_PYPI_URL: registry,
      PDM_CACHE_DIR: join(home, 'pdm'),
      PDM_CHECK_UPDATE: 'false',
      PDM_NON_INTERACTIVE: '1',
      PDM_PYTHON: python ?? '',
      PDM_LOG_DIR: join(home, 'pdm-log'),
    }),
    install: ['install'],
    installLocked: ['sync'],
    fewRetries: { PDM_REQUEST_TIMEOUT: '10' },
    causeWith: ['-v'],
  },
]

/** Throws for a client that is not in the table. */
export function pypiClient(id: string): RegistryClient {
  const found = pypiClients.find((client) => client.id === id)
  if (found === undefined) throw new Error(`no client ${id}`)
  return found
}

function requirementsOf(requires: ClientProject['requires']): string[] {
  return Object.entries(requires).map(([name, range]) => `${name}${range}`)
}

function projectTable({ requires }: ClientProject): string {
  const lines = requirementsOf(requires).map((line) => `  ${JSON.stringify(line)},\n`)
  const head = '[project]\nname = "project"\nversion = "1.0.0"\nrequires-python = ">=3.10"\n'
  return `${head}dependencies = [\n${lines.join('')}]\n`
}

/** The distributions in pip's target folder, in the project's virtual environment, or where PEP 582 puts them. */
async function installedDistributions(project: string): Promise<string[]> {
  const lib = join(project, '.venv', 'lib')
  const local = join(project, '__pypackages__')
  const folders = [
    join(project, 'site-packages'),
    ...(await namesIn(lib)).map((name) => join(lib, name, 'site-packages')),
    ...(await namesIn(local)).map((name) => join(local, name, 'lib')),
  ]
  const names = (await Promise.all(folders.map(namesIn))).flat()
  const found = names.flatMap((name) => {
    const [, dist, version] = /^(.+)-([^-]+)\.dist-info$/.exec(name) ?? []
    // A virtual environment may bring its own tools along.
    if (dist === undefined || /^(pip|setuptools|wheel)$/.test(dist)) return []
    return [`${dist.replaceAll('_', '-').toLowerCase()}@${version}`]
  })
  return found.sort()
}

function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return []
    throw error
  })
}
