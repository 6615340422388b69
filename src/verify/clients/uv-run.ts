import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { addressesIn, type ClientRun, lastWords, privateFolders, type Step } from '../client-run.ts'
import { mentions } from './pip-run.ts'

/** `uv pip install --target`: reads the settings of the folder and of the user, and writes to the target alone. */
export const uvRun: ClientRun = {
  client: 'uv',
  marks: 'name',
  fetches: 'file',

  async steps({ machine, folder, marker, pinned, facts }) {
    const hashes = facts?.hashes ?? []
    const requirements = join(folder, 'requirements.txt')
    const line = [`${pinned.name}==${pinned.version}`, ...hashes.map((hash) => `--hash=${hash}`)]
    await writeFile(requirements, `${line.join(' ')}\n`)
    const env = {
      ...privateFolders(folder),
      UV_CACHE_DIR: join(folder, 'uv'),
      UV_PYTHON_DOWNLOADS: 'never',
      UV_HTTP_RETRIES: '1',
      UV_NO_PROGRESS: '1',
    }
    const install = (...what: readonly string[]): Step => ({
      args: ['pip', 'install', '-v', '--no-deps', '--target', join(folder, 'got'), ...what],
      cwd: machine.cwd,
      env,
    })
    return [
      install(`${marker}==0`),
      install('--only-binary=:all:', ...(hashes.length > 0 ? ['--require-hashes'] : []), '-r', requirements),
    ]
  },

  async read([, result], { pinned, facts }) {
    const { code, stdout = '', stderr = '' } = result ?? {}
    const said = `${stderr}\n${stdout}`
    const asked = addressesIn(said, /(?:No cache entry for|GET request for): (\S+)/g)
    return {
      ok: code === 0,
      said: lastWords(said),
      asked: asked.filter((url) => mentions(url, pinned.name)),
      asking: 'requests',
      artifact: facts && { kind: 'url', url: facts.url },
      expected: [],
      notes: facts === undefined || code !== 0 ? [] : ['uv checked the file against the hash of the index'],
    }
  },
}
