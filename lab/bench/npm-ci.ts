import { execFile } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type ColdCase, measureCold, writeProject } from './registry-cold.ts'
import { makeNpmTree } from './registry-tree.ts'
import type { BenchRow } from './row.ts'

const PACKAGES = 500

export const npmCi: BenchRow = {
  name: 'npm-ci',
  title: 'a cold npm ci and npm install of 500 packages at a round trip of 200 ms, against direct',
  run: async (context) => [
    await measureCold(context, npmCase('ci')),
    await measureCold(context, npmCase('install')),
  ],
}

/** `ci` has a lock file with the addresses of its registry, `install` has none. */
function npmCase(command: 'ci' | 'install'): ColdCase {
  return {
    label: `npm ${command} of ${PACKAGES} packages`,
    content: (origin) => makeNpmTree(PACKAGES, origin).content,
    env: (origin) => ({ POSTHASTE_NPM_UPSTREAM: origin }),
    registry: { direct: (origin) => origin, through: (product) => `${product.url}/npm` },
    async install(registry, folder) {
      const project = join(folder, 'project')
      const { 'package-lock.json': lock = '', ...rest } = makeNpmTree(PACKAGES, registry).project(registry)
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
      if (installed.length !== PACKAGES) throw new Error(`npm installed ${installed.length} packages`)
    },
  }
}
