import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { addressesIn, type ClientRun, lastWords, privateFolders } from '../client-run.ts'
import { projectName } from '../relay-link.ts'

/** `pip download` of one wheel without what it needs. */
export const pipRun: ClientRun = {
  client: 'pip',
  marks: 'user-agent',
  fetches: 'file',

  async steps({ machine, folder, marker, pinned }) {
    const args = [
      ...['download', '-vvv', '--no-deps', '--only-binary=:all:', '--dest', join(folder, 'got')],
      ...['--cache-dir', join(folder, 'pip'), '--disable-pip-version-check', '--no-input', '--retries', '1'],
      ...['--progress-bar', 'off', `${pinned.name}==${pinned.version}`],
    ]
    // The one part of pip's User-Agent that its user sets (pip/_internal/network/session.py).
    // Nothing is installed: `require-virtualenv` forbids `download` too.
    const env = {
      ...privateFolders(folder),
      PIP_USER_AGENT_USER_DATA: marker,
      PIP_REQUIRE_VIRTUALENV: 'false',
    }
    return [{ args, cwd: machine.cwd, env }]
  },

  async read([result], { folder, pinned }) {
    const { code, stdout = '', stderr = '' } = result ?? {}
    const said = `${stdout}\n${stderr}`
    const asked = urllibRequests(said).filter((url) => mentions(url, pinned.name))
    const failed = addressesIn(said, /^\s*Fetching project page and analyzing links: (\S+)/gm)
    const links = addressesIn(said, /^Looking in links: (.+)$/gm)
    const indexes = addressesIn(said, /^Looking in indexes: (.+)$/gm).flatMap((line) => line.split(', '))
    const files = await readdir(join(folder, 'got')).catch(() => [])
    const [file] = files
    const taken = /^\s*Processing (.+\.whl)/m.exec(said)?.[1]
    return {
      ok: code === 0 && file !== undefined,
      said: lastWords(stderr, stdout),
      asked: [...new Set([...asked, ...failed])],
      asking: 'requests',
      artifact: file === undefined ? undefined : { kind: 'file', path: join(folder, 'got', file) },
      expected: [],
      notes: [
        ...(taken !== undefined ? [`find-links: pip took ${taken} and asked no index for the file`] : []),
        ...(taken === undefined && links.length > 0
          ? [`find-links: pip looks into ${links.join(', ')} too, and takes the highest version of all`]
          : []),
        ...(indexes.length > 1
          ? [
              `extra-index-url: pip asks ${indexes.slice(1).join(', ')} too, and takes the highest version of all`,
            ]
          : []),
      ],
    }
  },
}

/** Of urllib3's log: `http://host "GET /path HTTP/1.1" 200`. */
export function urllibRequests(said: string): string[] {
  const lines = said.matchAll(/(https?:\/\/\S+) "(?:GET|HEAD) (\S+) HTTP\/[\d.]+"/g)
  return [...new Set([...lines].map(([, origin = '', path = '']) => origin.replace(/:(80|443)$/, '') + path))]
}

/** True for the page of a project and for its files. */
export function mentions(url: string, name: string): boolean {
  const path = projectName(decodeURIComponent(URL.parse(url)?.pathname ?? ''))
  return path.includes(`/${projectName(name)}/`) || path.includes(`/${projectName(name)}-`)
}
