import { execFile } from 'node:child_process'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { installPeer } from '../peers-install.ts'
import { type ColdCase, measureCold, writeProject } from './registry-cold.ts'
import { makePypiTree } from './registry-tree.ts'
import type { BenchRow } from './row.ts'

const PROJECTS = 60
/** uv's own limit of downloads at a time. */
const AT_A_TIME = 50

export const uvSync: BenchRow = {
  name: 'uv-sync',
  title: 'a cold uv sync of 60 wheels at a round trip of 200 ms, with and without a lock, against direct',
  async run(context) {
    const uv = await installPeer('uv', context.keepFolder, context.progress)
    return [
      await measureCold(context, uvCase(uv, 'without a lock')),
      await measureCold(context, uvCase(uv, 'with a lock')),
    ]
  },
}

function uvCase(uv: string, lock: 'with a lock' | 'without a lock'): ColdCase {
  const { project: files, levels } = makePypiTree(PROJECTS, 'http://index.example')
  const locks = new Map<'direct' | 'through', { readonly text: string; readonly origin: string }>()
  const run = (args: readonly string[], index: string, cwd: string, cache: string) =>
    promisify(execFile)(uv, [...args, '--quiet', '--no-python-downloads', '--no-config'], {
      cwd,
      timeout: 300_000,
      env: { ...process.env, UV_DEFAULT_INDEX: index, UV_CACHE_DIR: cache, UV_PYTHON: 'python3', HOME: cwd },
    })
  return {
    label: `uv sync of ${PROJECTS} wheels ${lock}`,
    // The connection; a page and the metadata it lists for each level; a wheel. A lock leaves a page and a wheel
    // for each batch: the address of a wheel is ours, and where that lies stands in the page.
    chain: lock === 'with a lock' ? 1 + 2 * Math.ceil(PROJECTS / AT_A_TIME) : 2 + 2 * levels,
    content: (origin) => makePypiTree(PROJECTS, origin).content,
    env: (origin) => ({ POSTHASTE_PYPI_UPSTREAM: `${origin}/simple` }),
    registry: {
      direct: (origin) => `${origin}/simple`,
      through: (product) => `${product.url}/pypi/simple`,
    },
    ...(lock === 'with a lock' && {
      async prepare(scene) {
        for (const side of ['direct', 'through'] as const) {
          const folder = join(scene.folder, side)
          await writeProject(folder, files)
          await run(['lock'], scene[side], folder, join(folder, 'cache'))
          const text = await readFile(join(folder, 'uv.lock'), 'utf8')
          locks.set(side, { text, origin: new URL(scene[side]).origin })
        }
      },
    }),
    async install(index, folder) {
      const project = join(folder, 'project')
      await writeProject(project, files)
      const { origin, pathname } = new URL(index)
      const kept = locks.get(pathname.startsWith('/pypi/') ? 'through' : 'direct')
      if (kept !== undefined) {
        await writeFile(join(project, 'uv.lock'), kept.text.replaceAll(kept.origin, origin))
      }
      await run(['sync', ...(kept === undefined ? [] : ['--frozen'])], index, project, join(folder, 'cache'))
      const site = join(project, '.venv', 'lib')
      const installed = (await readdir(site, { recursive: true })).filter((path) =>
        path.endsWith('.dist-info'),
      )
      if (installed.length !== PROJECTS) throw new Error(`uv installed ${installed.length} projects`)
    },
  }
}
