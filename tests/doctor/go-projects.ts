import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { VerdictId } from '../../src/doctor/verdict.ts'
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts'

/** A module in `m/` that cannot be built without a word about any network. */
export interface ProjectFault {
  readonly fault: string
  readonly verdict: VerdictId
  readonly files: Readonly<Record<string, string>>
  readonly env: Readonly<Record<string, string>>
  /** What go stops at; default: listing what the module needs. */
  readonly command?: readonly string[]
}

const main = { 'm/main.go': 'package main\n\nimport _ "dep.example/d"\n\nfunc main() {}\n' }
const module = 'module m.example/m\n\ngo 1.21\n\nrequire dep.example/d v1.0.0\n'
const vendored = (version: string) => ({
  'm/vendor/modules.txt': `# dep.example/d ${version}\n## explicit\ndep.example/d\n`,
  'm/vendor/dep.example/d/d.go': 'package d\n',
})

export const soundProjects: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'a vendor folder that fits': { ...main, 'm/go.mod': module, ...vendored('v1.0.0') },
  'a workspace that uses the module': {
    'm/main.go': 'package main\n\nfunc main() {}\n',
    'm/go.mod': 'module m.example/m\n\ngo 1.21\n',
    'go.work': 'go 1.21\n\nuse (\n\t./m // ours\n)\n',
  },
}

export const projectFaults: readonly ProjectFault[] = [
  {
    fault: 'GOFLAGS=-mod=vendor without a vendor folder',
    verdict: 'go.flags',
    files: { ...main, 'm/go.mod': module },
    env: { GOFLAGS: '-mod=vendor' },
  },
  {
    fault: 'GOFLAGS=-insecure, which was given up',
    verdict: 'go.flags',
    files: { ...main, 'm/go.mod': module, ...vendored('v1.0.0') },
    env: { GOFLAGS: '-insecure' },
    command: ['get', '.'],
  },
  {
    fault: 'GOFLAGS=-mod=mod beside a vendor folder',
    verdict: 'go.flags',
    files: { ...main, 'm/go.mod': module, ...vendored('v1.0.0') },
    env: { GOFLAGS: '-mod=mod' },
  },
  {
    fault: 'a vendor folder of another version',
    verdict: 'go.vendor_stale',
    files: { ...main, 'm/go.mod': module, ...vendored('v1.1.0') },
    env: {},
  },
  {
    fault: 'a go.work above the project that does not use it',
    verdict: 'go.workspace',
    files: {
      'm/main.go': 'package main\n\nfunc main() {}\n',
      'm/go.mod': 'module m.example/m\n\ngo 1.21\n',
      'other/go.mod': 'module o.example/o\n\ngo 1.21\n',
      'go.work': 'go 1.21\n\nuse ./other\n',
    },
    env: {},
  },
]

export async function writtenProject(files: Readonly<Record<string, string>>): Promise<TemporaryFolder> {
  const folder = await temporaryFolder('project')
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder.path, name)), { recursive: true })
    await writeFile(join(folder.path, name), text)
  }
  return folder
}

/** Of the toolchain only what it needs to run; it reaches no network. */
export function goEnv(more: Readonly<Record<string, string>>): Record<string, string> {
  const { PATH = '', HOME = '/' } = process.env
  return { PATH, HOME, GOENV: 'off', GOTOOLCHAIN: 'local', GOPROXY: 'off', GOFLAGS: '', ...more }
}
