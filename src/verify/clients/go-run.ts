import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { turnGoCountersOff } from '../../clients/go-counters.ts'
import { type Machine, userConfig } from '../../clients/machine.ts'
import { hashZip } from '../../ecosystems/go/zip/hash-zip.ts'
import { bytesSource } from '../../ecosystems/go/zip/zip-source.ts'
import { addressesIn, type ClientRun, lastWords, privateFolders, type RunPlace } from '../client-run.ts'
import { markerModule } from '../marker.ts'

/** `go mod download` of one version: changes no go.mod, and prints every request with `-x`. */
export const goRun: ClientRun = {
  client: 'go',
  marks: 'name',
  fetches: 'file',

  async steps({ machine, folder, marker, pinned }) {
    const cwd = join(folder, 'empty')
    await mkdir(cwd)
    // Go has no settings of a project. A module of its own keeps a go.mod or go.work above from having a say.
    await writeFile(join(cwd, 'go.mod'), 'module posthaste.invalid/verify\n')
    const wanted = [`${markerModule(marker)}@v0.0.0`, `${pinned.name}@${pinned.version}`]
    const env = await goEnvironment(machine, folder)
    return [{ args: ['mod', 'download', '-x', '-json', ...wanted], cwd, env }]
  },

  async read([result], place) {
    const { stdout = '', stderr = '' } = result ?? {}
    const module = modulesIn(stdout).find(({ Path }) => Path === place.pinned.name)
    const requests = addressesIn(stderr, /^# get (\S+?)(?::? |:?$)/gm)
    const repositories = addressesIn(stderr, /^(?:\S+ )?mkdir -p \S+ # git\S* (\S+)/gm)
    const own = requests.filter((url) => isOf(url, place) || url.includes('?go-get=1'))
    const asked = [...own, ...repositories].filter((url) => !url.includes(place.marker))
    const lookedUp = requests.find((url) => url.includes('/lookup/') && isOf(url, place))
    const zip = module?.Zip === undefined ? undefined : await readFile(module.Zip)
    const check = zip === undefined ? undefined : await hashZip(bytesSource(zip), hashOptions(place))
    const sum = module?.Sum
    return {
      ok: module !== undefined && module.Error === undefined && sum !== undefined,
      said: module?.Error?.slice(0, 300) ?? lastWords(stderr),
      asked: asked.filter((url) => !url.includes('/lookup/')),
      asking: 'requests',
      artifact: check?.ok ? { kind: 'hash', hash: check.h1 } : undefined,
      expected: [
        ...(sum !== undefined && lookedUp !== undefined
          ? [{ hashes: [sum], by: 'the checksum database' }]
          : []),
      ],
      notes:
        sum !== undefined && lookedUp === undefined
          ? ['Go asked no checksum database: GOSUMDB, GONOSUMDB or GOPRIVATE turns it off for this module']
          : [],
    }
  },
}

/**
 * What Go would see, with another home, which it prepares: Go keeps counters and the state of the checksum database
 * below it.
 */
export async function goEnvironment(
  machine: Machine,
  folder: string,
): Promise<Record<string, string | undefined>> {
  const { env, home } = machine
  const privateHome = {
    HOME: folder,
    USERPROFILE: folder,
    APPDATA: folder,
    XDG_CONFIG_HOME: join(folder, 'config'),
  }
  await turnGoCountersOff(machine, privateHome)
  const gitConfig = env.GIT_CONFIG_GLOBAL ?? join(home, '.gitconfig')
  return {
    ...privateFolders(folder),
    ...privateHome,
    GOENV: env.GOENV || join(userConfig(machine), 'go', 'env'),
    NETRC: env.NETRC || join(home, machine.platform === 'win32' ? '_netrc' : '.netrc'),
    GIT_CONFIG_GLOBAL: gitConfig,
    GIT_TERMINAL_PROMPT: '0',
    GOPATH: join(folder, 'gopath'),
    GOMODCACHE: join(folder, 'modules'),
    GOCACHE: join(folder, 'builds'),
    GOFLAGS: '-modcacherw',
    GOTOOLCHAIN: 'local',
    GOWORK: 'off',
  }
}

interface DownloadedModule {
  readonly Path?: string
  readonly Error?: string
  readonly Zip?: string
  readonly Sum?: string
}

/** `-json` prints one object after another. */
function modulesIn(stdout: string): DownloadedModule[] {
  return stdout.split(/^(?=\{)/m).flatMap((text) => {
    try {
      return text.trim() === '' ? [] : [JSON.parse(text) as DownloadedModule]
    } catch {
      // Cut off where the run was ended.
      return []
    }
  })
}

function isOf(url: string, { pinned }: RunPlace): boolean {
  // Go writes `%21` for the `!` of an upper-case letter.
  const plain = url.replaceAll('%21', '!')
  const name = escapedModule(pinned.name)
  return plain.includes(`/${name}/@`) || plain.includes(`/${name}@`)
}

/** A module path as it stands in an address: `!a` for each upper-case `A`. */
export function escapedModule(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `!${letter.toLowerCase()}`)
}

function hashOptions({ pinned }: RunPlace) {
  return { module: pinned.name, version: pinned.version, isAborted: () => false }
}
