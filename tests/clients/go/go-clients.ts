import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { firstLine } from '../registry/machine.ts'
import type { RegistryClient } from '../registry/registry-client.ts'

export const goClient: RegistryClient = {
  id: 'go',
  ecosystem: 'go',
  isQuick: false,
  lockFiles: ['go.mod', 'go.sum'],
  lockAddresses: 'none',
  obtain: async () => {
    const version = /^go(\S+)/.exec((await firstLine('go', ['env', 'GOVERSION'])) ?? '')?.[1]
    const program = Bun.which('go')
    return version === undefined || program === null
      ? { missing: 'no go on this machine' }
      : { command: [program], version }
  },
  files: ({ requires }) => ({
    'go.mod': `module project.example/app\n\ngo 1.20\n${requirementsOf(requires)}`,
    'main.go': `package main\n\n${importsOf(requires)}\nfunc main() {}\n`,
  }),
  env: ({ home, registry }) => ({
    GOPATH: join(home, 'gopath'),
    GOMODCACHE: join(home, 'modules'),
    GOCACHE: join(home, 'builds'),
    GOFLAGS: '-mod=mod -modcacherw',
    GOPROXY: registry,
    GOVCS: '*:off',
  }),
  install: ['mod', 'tidy'],
  installLocked: ['mod', 'tidy', '-diff'],
  installed: async (project) => {
    const sums = await readFile(join(project, 'go.sum'), 'utf8').catch(() => '')
    const downloaded = await downloadedModules(join(dirname(project), 'modules', 'cache', 'download'))
    // A resolution also looks into versions that it then leaves.
    return downloaded.filter((module) => sums.includes(`${module.replace('@', ' ')} h1:`))
  },
}

function requirementsOf(requires: Readonly<Record<string, string>>): string {
  const pinned = Object.entries(requires).filter(([, version]) => version !== '')
  return pinned.map(([name, version]) => `\nrequire ${name} ${version}\n`).join('')
}

function importsOf(requires: Readonly<Record<string, string>>): string {
  return Object.keys(requires)
    .map((name) => `import _ "${name}"\n`)
    .join('')
}

async function downloadedModules(download: string): Promise<string[]> {
  const names = await readdir(download, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  return names
    .flatMap((name) => {
      const [, path, version] = /^(.+)\/@v\/(v.+)\.zip$/.exec(name) ?? []
      return path === undefined || version === undefined ? [] : [`${unescaped(path)}@${unescaped(version)}`]
    })
    .sort()
}

function unescaped(name: string): string {
  return name.replaceAll(/!([a-z])/g, (_, letter: string) => letter.toUpperCase())
}
