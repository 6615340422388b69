import { join } from 'node:path'
import { addressesIn, type ClientRun, lastWords, privateFolders } from '../client-run.ts'

/** `npm pack` of a registry's package: fetches and checks one tarball, and leaves the project alone. */
export const npmRun: ClientRun = {
  client: 'npm',
  marks: 'user-agent',
  fetches: 'file',

  async steps({ machine, folder, marker, pinned }) {
    const args = [
      ...['pack', `${pinned.name}@${pinned.version}`, '--json', '--ignore-scripts', '--loglevel=http'],
      ...[
        `--cache=${join(folder, 'npm')}`,
        `--logs-dir=${join(folder, 'logs')}`,
        `--pack-destination=${folder}`,
      ],
      ...['--fetch-retries=1', '--fetch-retry-mintimeout=500', '--fetch-retry-maxtimeout=1000'],
      `--user-agent=npm/{npm-version} node/{node-version} ${marker}`,
    ]
    return [{ args, cwd: machine.cwd, env: privateFolders(folder) }]
  },

  async read([result], { folder, pinned }) {
    const { code, stdout = '', stderr = '' } = result ?? {}
    const packed = packedFile(stdout)
    const asked = addressesIn(stderr, /npm http fetch \w+ (?:\d+ )?(https?:\/\/\S+)/g).filter((url) =>
      decodeURIComponent(url).includes(`/${pinned.name}`),
    )
    return {
      ok: code === 0 && packed !== undefined,
      said: npmWords(stderr),
      asked,
      asking: 'requests',
      artifact: packed === undefined ? undefined : { kind: 'file', path: join(folder, packed) },
      expected: [],
      notes: [],
    }
  },
}

/** `npm error code ECONNREFUSED` and the sentence after it. */
export function npmWords(stderr: string): string {
  const lines = [...stderr.matchAll(/^npm (?:error|ERR!) (.+)$/gm)].map((match) => match[1] ?? '')
  const telling = lines.filter(
    (line) => !/^(A complete log|errno|syscall|audit|If you are behind)/.test(line),
  )
  return telling.length === 0 ? lastWords(stderr) : telling.slice(0, 2).join(': ').slice(0, 300)
}

function packedFile(stdout: string): string | undefined {
  try {
    const [first] = JSON.parse(stdout) as readonly { readonly filename?: string }[]
    return first?.filename?.replace('@', '').replace('/', '-')
  } catch {
    // It failed: what it printed is no list.
    return undefined
  }
}
