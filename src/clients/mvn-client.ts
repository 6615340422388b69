import { join, resolve } from 'node:path'
import {
  type Client,
  impossible,
  isOurs,
  isRemoteHttp,
  type Layer,
  type Plan,
  type Presence,
} from './client.ts'
import { mirrorFor, readMirrors, setMirror } from './edit-settings-xml.ts'
import { editing } from './editing.ts'
import { environmentLayer } from './environment.ts'
import { builtIn, fileLayer, plainHttp, replacing } from './file-layer.ts'
import { folderWith, installed, type Machine } from './machine.ts'

const REPOSITORY = 'central'
const ID = 'posthaste'

/** Maven: settings named by `-s` in MAVEN_ARGS or .mvn/maven.config > ~/.m2/settings.xml > those of the installation. */
export const mvnClient: Client = {
  id: 'mvn',
  title: 'Maven',
  aliases: ['maven'],
  ecosystem: 'maven',
  path: '/maven',
  setting: 'mirror',
  scopes: ['user'],
  locks: [],

  detect: (machine): Promise<Presence> => installed(machine, 'mvn'),

  async read(machine): Promise<readonly Layer[]> {
    const args = await environmentLayer(machine, ['MAVEN_ARGS'])
    const named = args.value && settingsOption(args.value)
    const project = await projectSettings(machine)
    const layers: Layer[] = []
    if (named)
      layers.push({ ...(await fileLayer(machine, 'environment', named, address)), where: args.where })
    if (project) layers.push(await fileLayer(machine, 'project', project, address))
    const system = machine.env.MAVEN_HOME ?? machine.env.M2_HOME
    return [
      ...layers.map((layer) => ({
        ...layer,
        value: layer.value ?? 'the settings that -s names have no mirror',
      })),
      await fileLayer(machine, 'user', userFile(machine), address),
      ...(system === undefined
        ? []
        : [await fileLayer(machine, 'system', join(system, 'conf', 'settings.xml'), address)]),
      builtIn('Maven'),
    ]
  },

  async plan(machine, _presence, wanted): Promise<Plan> {
    if (wanted.scope === 'project') {
      const hint = 'use --scope user, or name a settings file by -s in .mvn/maven.config'
      return impossible('Maven has no settings of a project', hint)
    }
    const path = userFile(machine)
    const value = `${wanted.address}/`
    const layer = await fileLayer(machine, 'user', path, address)
    const text = (await machine.readText(path)) ?? ''
    const current = mirrorFor(readMirrors(text), REPOSITORY)
    const previous = current === undefined || isOurs(current.url, wanted) ? undefined : current.url
    if (previous !== undefined && current?.mirrorOf !== REPOSITORY && !wanted.isPublic(previous)) {
      const hint = `make ${URL.parse(previous)?.host ?? previous} Posthaste's upstream for Maven, and take central out of that mirror: <mirrorOf>${current?.mirrorOf},!central</mirrorOf>`
      return impossible(
        `mirror '${current?.id}' in ${layer.where} takes all repositories (mirrorOf ${current?.mirrorOf})`,
        hint,
      )
    }
    return {
      possible: true,
      value,
      previous,
      edits: [
        {
          path,
          keys: ['mirrors'],
          edit: editing((before) =>
            setMirror(before, { id: ID, name: 'Posthaste', url: value, mirrorOf: REPOSITORY }),
          ),
        },
      ],
      notes: [
        ...replacing(previous, wanted),
        'builds that failed before are remembered as *.lastUpdated: run mvn -U once',
        ...(isRemoteHttp(value) ? [plainHttp] : []),
      ],
    }
  },
}

function address(text: string): string | undefined {
  return text.trim() === '' ? undefined : mirrorFor(readMirrors(text), REPOSITORY)?.url
}

function userFile({ home }: Machine): string {
  return join(home, '.m2', 'settings.xml')
}

async function projectSettings(machine: Machine): Promise<string | undefined> {
  const folder = await folderWith(machine, [join('.mvn', 'maven.config')])
  if (folder === undefined) return undefined
  const path = join(folder, '.mvn', 'maven.config')
  const named = settingsOption((await machine.readText(path)) ?? '')
  return named && resolve(folder, named)
}

/** The file behind `-s` or `--settings`, on one line or two. */
function settingsOption(text: string): string | undefined {
  return /(?:^|\s)(?:-s|--settings)(?:\s+|=)?(\S+)/.exec(text)?.[1]
}
