import type { ClientId } from '../../src/clients/client.ts'
import type { NeededClient } from './find-client.ts'

/** A package manager as a person has it, and a command with which it asks its registry for something. */
export interface RealClient extends NeededClient {
  readonly client: ClientId
  readonly scope?: 'project'
  /** Files below the home, made before; `OLD` stands for the old registry's address. */
  readonly files: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
  readonly argv: readonly [string, ...string[]]
  /** Where the question arrives before setup and after the undo; undefined: nothing was set, and nobody is asked. */
  readonly old: string | undefined
  /** Where it arrives after setup. */
  readonly ours: string
}

const NPM_PROJECT =
  '{"name": "p", "version": "1.0.0", "license": "MIT", "dependencies": {"nosuch-pkg": "1.0.0"}}'
const PYPROJECT =
  '[project]\nname = "p"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = ["nosuch-pkg"]\n'

/** Settings of the user lie in `config/`, which XDG_CONFIG_HOME names. */
export const realClients: readonly RealClient[] = [
  {
    client: 'go',
    command: 'go',
    files: { 'config/go/env': '# mine\nGOFLAGS=-mod=mod\nGOPROXY=OLD/go\n' },
    env: { GONOSUMDB: 'nosuch.example' },
    argv: ['go', 'list', '-m', '-versions', 'nosuch.example/pkg'],
    old: '/old/go/nosuch.example/pkg/@v/list',
    ours: '/go/nosuch.example/pkg/@v/list',
  },
  {
    client: 'npm',
    command: 'npm',
    files: { '.npmrc': '# mine\n@acme:registry=https://npm.acme.example/\nregistry=OLD/npm/\n' },
    argv: ['npm', 'view', 'nosuch-pkg', 'version'],
    old: '/old/npm/nosuch-pkg',
    ours: '/npm/nosuch-pkg',
  },
  {
    client: 'npm',
    command: 'npm',
    scope: 'project',
    files: { 'project/.npmrc': 'registry=OLD/npm/\n', 'project/package.json': NPM_PROJECT },
    argv: ['npm', 'view', 'nosuch-pkg', 'version'],
    old: '/old/npm/nosuch-pkg',
    ours: '/npm/nosuch-pkg',
  },
  {
    client: 'pnpm',
    command: 'pnpm',
    version: /^([1-9]|10)\./,
    pinned: 'pnpm-10',
    files: { '.npmrc': '; mine\nregistry=OLD/npm/\n', 'project/package.json': NPM_PROJECT },
    argv: ['pnpm', 'install', '--ignore-workspace'],
    old: '/old/npm/nosuch-pkg',
    ours: '/npm/nosuch-pkg',
  },
  {
    client: 'pnpm',
    command: 'pnpm',
    version: /^1[1-9]\./,
    pinned: 'pnpm-12',
    files: {
      '.npmrc': '; what npm has stays\nregistry=OLD/npms/\n',
      'config/pnpm/auth.ini': '; mine\nregistry=OLD/npm/\n',
      'project/package.json': NPM_PROJECT,
    },
    argv: ['pnpm', 'install', '--ignore-workspace'],
    old: '/old/npm/nosuch-pkg',
    ours: '/npm/nosuch-pkg',
  },
  {
    client: 'yarn1',
    command: 'yarn',
    version: /^1\./,
    pinned: 'yarn-1',
    files: { '.yarnrc': '# mine\nregistry "OLD/npm/"\n', 'project/package.json': NPM_PROJECT },
    argv: ['yarn', 'info', 'nosuch-pkg'],
    old: '/old/npm/nosuch-pkg',
    ours: '/npm/nosuch-pkg',
  },
  {
    client: 'yarn4',
    command: 'yarn',
    version: /^[2-9]\./,
    pinned: 'yarn-4',
    files: {
      '.yarnrc.yml':
        '# mine\nenableTelemetry: false\nunsafeHttpWhitelist: ["127.0.0.1"]\nnpmRegistryServer: OLD/npm\n',
      'project/package.json': NPM_PROJECT,
      'project/yarn.lock': '',
    },
    argv: ['yarn', 'npm', 'info', 'nosuch-pkg'],
    old: '/old/npm/nosuch-pkg',
    ours: '/npm/nosuch-pkg',
  },
  {
    client: 'bun',
    command: process.execPath,
    files: {
      'config/.bunfig.toml': '# mine\n[install]\nregistry = "OLD/npm/" # old\n',
      'project/package.json': NPM_PROJECT,
    },
    argv: [process.execPath, 'install'],
    old: '/old/npm/nosuch-pkg',
    ours: '/npm/nosuch-pkg',
  },
  {
    client: 'pip',
    command: 'pip',
    files: { 'config/pip/pip.conf': '# mine\n[global]\nindex-url = OLD/simple/\ntimeout = 5\n' },
    argv: ['pip', 'download', '--no-deps', '--retries', '0', 'nosuch-pkg'],
    old: '/old/simple/nosuch-pkg/',
    ours: '/pypi/simple/nosuch-pkg/',
  },
  {
    client: 'uv',
    command: 'uv',
    pinned: 'uv',
    files: {
      'config/uv/uv.toml': '# mine\n[[index]]\nurl = "OLD/simple/"\ndefault = true\n',
      'project/pyproject.toml': PYPROJECT,
    },
    env: { UV_PYTHON_DOWNLOADS: 'never', UV_HTTP_RETRIES: '0' },
    argv: ['uv', 'lock'],
    old: '/old/simple/nosuch-pkg/',
    ours: '/pypi/simple/nosuch-pkg/',
  },
  {
    client: 'poetry',
    command: 'poetry',
    pinned: 'poetry',
    scope: 'project',
    files: {
      'project/pyproject.toml': `${PYPROJECT}\n[[tool.poetry.source]]\nname = "posthaste"\nurl = "OLD/simple/" # old\npriority = "primary"\n`,
    },
    argv: ['poetry', 'lock'],
    old: '/old/simple/nosuch-pkg/',
    ours: '/pypi/simple/nosuch-pkg/',
  },
  {
    client: 'pdm',
    command: 'pdm',
    pinned: 'pdm',
    files: {
      'config/pdm/config.toml': '# mine\n[pypi]\nurl = "OLD/simple"\n',
      'project/pyproject.toml': PYPROJECT,
    },
    argv: ['pdm', 'lock'],
    old: '/old/simple/nosuch-pkg/',
    ours: '/pypi/simple/nosuch-pkg/',
  },
  {
    client: 'cargo',
    command: 'cargo',
    files: {
      '.cargo/config.toml': '# mine\n[net]\nretry = 0\n',
      'project/Cargo.toml':
        '[package]\nname = "p"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\nnosuch-pkg = "1"\n',
      'project/src/lib.rs': '',
    },
    argv: ['cargo', 'generate-lockfile'],
    old: undefined,
    ours: '/cargo/config.json',
  },
  {
    client: 'mvn',
    command: 'mvn',
    files: {
      '.m2/settings.xml':
        '<settings>\n  <mirrors>\n    <!-- mine -->\n    <mirror><id>old</id><url>OLD/maven</url><mirrorOf>central</mirrorOf></mirror>\n  </mirrors>\n</settings>\n',
      'project/pom.xml':
        '<project><modelVersion>4.0.0</modelVersion><parent><groupId>nosuch.example</groupId><artifactId>parent</artifactId><version>1</version><relativePath/></parent><artifactId>p</artifactId></project>\n',
    },
    argv: ['mvn', '--batch-mode', '-U', 'validate'],
    old: '/old/maven/nosuch/example/parent/1/parent-1.pom',
    ours: '/maven/nosuch/example/parent/1/parent-1.pom',
  },
  {
    client: 'gradle',
    command: 'gradle',
    files: {
      '.gradle/init.d/mine.gradle': '// mine\n',
      'project/build.gradle':
        "apply plugin: 'java'\nrepositories { mavenCentral() }\ndependencies { runtimeOnly 'nosuch.example:pkg:1' }\n",
      'project/settings.gradle': '',
    },
    argv: ['gradle', '--no-daemon', 'dependencies', '--configuration', 'runtimeClasspath'],
    old: undefined,
    ours: '/maven/nosuch/example/pkg/1/pkg-1.pom',
  },
]
