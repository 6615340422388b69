import { execFile } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type ColdCase, measureCold, writeProject } from './registry-cold.ts'
import { makeNpmTree } from './registry-tree.ts'
import type { BenchRow } from './row.ts'

/** Without a lock npm asks for one packument after the other, so a smaller tree tells as much. */
const packages = { ci: 500, install: 120 } as const

export const npmCi: BenchRow = {
  name: 'npm-ci',
  title: 'a cold npm ci of 500 packages and npm install of 120 at a round trip of 200 ms, against direct',
  run: async (context) => [
    await measureCold(context, npmCase('ci')),
    await measureCold(context, npmCase('install')),
  ],
}

/** `ci` has a lock file with the addresses of its registry, `install` has none. */
function npmCase(command: 'ci' | 'install'): ColdCase {
  const count = packages[command]
  return {
    label: `npm ${command} of ${count} packages`,
    // The connection and one file; what lies at canonical places needs no page first.
    chain: 2,
    content: (origin) => makeNpmTree(count, origin).content,
    env: (origin) => ({ POSTHASTE_NPM_UPSTREAM: origin }),
    registry: { direct: (origin) => origin, through: (product) => `${product.url}/npm` },
    async install(registry, folder) {
      const project = join(folder, 'project')
      const { 'package-lock.json': lock = '', ...rest } = makeNpmTree(count, registry).project(registry)
      await writeProject(project, command === 'ci' ? { ...rest, 'package-lock.json': lock } : rest)
      await promisify(execFile)(
        'npm',
        [
          command,
          ...['--registry', `${registry}/`, '--cache', join(folder, 'cache')],
          ...['--ignore-scripts', '--no-fund', '--no-update-notifier', '--loglevel', 'error'],
        ],
        { cwd: project, timeout: 300_000, maxBuffer: 64e6, env: { ...process.env, HOME: folder } },
      )
      const installed = (await readdir(join(project, 'node_modules'))).filter((name) =>
        name.startsWith('part'),
      )
      if (installed.length !== count) throw new Error(`npm installed ${installed.length} packages`)
    },
  }
}
