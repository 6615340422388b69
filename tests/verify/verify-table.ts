import type { ClientId } from '../../src/clients/client.ts'
import type { NeededClient } from '../setup/find-client.ts'

/** `GO`, `NPM` and `PYPI` stand for the registries themselves, `URL` for the Posthaste. */
export interface VerifyCase extends NeededClient {
  readonly client: ClientId
  /** Files below the home that this client needs besides. */
  readonly files?: Readonly<Record<string, string>>
  /** Leads it elsewhere; undefined: no variable does. */
  readonly environment?: Readonly<Record<string, string>>
  /** Leads it elsewhere; undefined: it has no settings of a project. */
  readonly project?: Readonly<Record<string, string>>
  /** How it fails that has no other way when Posthaste is down. */
  readonly down: 'broken' | 'bypassed'
}

const pyproject = (source: string) =>
  `[project]\nname = "p"\nversion = "1"\nrequires-python = ">=3.9"\n${source}`
const poetrySource = (url: string) =>
  pyproject(`[[tool.poetry.source]]\nname = "posthaste"\nurl = "${url}/"\npriority = "primary"\n`)

export const verifyCases: readonly VerifyCase[] = [
  { client: 'go', command: 'go', environment: { GOPROXY: 'GO' }, down: 'bypassed' },
  {
    client: 'npm',
    command: 'npm',
    environment: { npm_config_registry: 'NPM' },
    project: { '.npmrc': 'registry=NPM\n' },
    down: 'broken',
  },
  {
    client: 'pnpm',
    command: 'pnpm',
    version: /^([1-9]|10)\./,
    pinned: 'pnpm-10',
    environment: { npm_config_registry: 'NPM' },
    project: { '.npmrc': 'registry=NPM\n' },
    down: 'broken',
  },
  {
    client: 'pnpm',
    command: 'pnpm',
    version: /^1[1-9]\./,
    pinned: 'pnpm-12',
    environment: { pnpm_config_registry: 'NPM' },
    project: { '.npmrc': 'registry=NPM\n' },
    down: 'broken',
  },
  {
    client: 'yarn1',
    command: 'yarn',
    version: /^1\./,
    pinned: 'yarn-1',
    environment: { npm_config_registry: 'NPM' },
    project: { '.npmrc': 'registry=NPM\n' },
    down: 'broken',
  },
  {
    client: 'yarn4',
    command: 'yarn',
    version: /^[2-9]\./,
    pinned: 'yarn-4',
    files: { 'project/yarn.lock': '' },
    environment: { YARN_NPM_REGISTRY_SERVER: 'NPM' },
    project: { '.yarnrc.yml': 'npmRegistryServer: NPM\n' },
    down: 'broken',
  },
  {
    client: 'bun',
    command: 'bun',
    environment: { BUN_CONFIG_REGISTRY: 'NPM' },
    project: { 'bunfig.toml': '[install]\nregistry = "NPM"\n' },
    down: 'broken',
  },
  { client: 'pip', command: 'pip', environment: { PIP_INDEX_URL: 'PYPI/' }, down: 'broken' },
  {
    client: 'uv',
    command: 'uv',
    pinned: 'uv',
    environment: { UV_DEFAULT_INDEX: 'PYPI/' },
    project: { 'uv.toml': '[[index]]\nurl = "PYPI/"\ndefault = true\n' },
    down: 'broken',
  },
  {
    client: 'poetry',
    command: 'poetry',
    pinned: 'poetry',
    files: { 'project/pyproject.toml': poetrySource('URL/pypi/simple') },
    project: { 'pyproject.toml': poetrySource('PYPI') },
    down: 'broken',
  },
  {
    client: 'pdm',
    command: 'pdm',
    pinned: 'pdm',
    files: { 'project/pyproject.toml': pyproject('') },
    environment: { PDM_PYPI_URL: 'PYPI' },
    project: { 'pyproject.toml': pyproject('[[tool.pdm.source]]\nname = "pypi"\nurl = "PYPI/"\n') },
    down: 'broken',
  },
]
