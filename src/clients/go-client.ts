import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type GoEnv, readGoEnv } from '../config/go-env.ts'
import { maskCredentials, parseGoproxyList } from '../ecosystems/go/goproxy-list.ts'
import { compilePatterns } from '../policy/private-patterns.ts'
import { type Client, impossible, isOurs, type Layer, type Plan, sameValue, type Wanted } from './client.ts'
import { setGoEnvValue } from './edit-go-env.ts'
import { editing } from './editing.ts'
import { environmentLayer } from './environment.ts'
import { builtIn, fileLayer } from './file-layer.ts'
import { defaultGoEnvFile, goAdvice, goEnvFile, goSetting, withPatterns } from './go-advice.ts'
import { turnGoCountersOff } from './go-counters.ts'
import { installed, type Machine, quiet } from './machine.ts'

/** Environment > the file of `go env -w` > $GOROOT/go.env > built in (`go help environment`). */
export const goClient: Client = {
  id: 'go',
  title: 'Go',
  ecosystem: 'go',
  path: '/go',
  setting: 'GOPROXY',
  scopes: ['user'],
  locks: [],

  detect: (machine) => installed(machine, 'go'),

  async read(machine, presence): Promise<readonly Layer[]> {
    const tool = await toolchain(machine, presence.command)
    const file = goEnvFile(machine, tool?.GOENV)
    const environment = await environmentLayer(machine, ['GOPROXY'])
    const read = (text: string) => goSetting(text, 'GOPROXY')
    return [
      environment,
      ...(file === undefined ? [] : [await fileLayer(machine, 'user', file, read)]),
      ...(tool?.GOROOT ? [await fileLayer(machine, 'default', join(tool.GOROOT, 'go.env'), read)] : []),
      builtIn('Go', tool === undefined || environment.value ? undefined : tool.GOPROXY),
    ]
  },

  async plan(machine, presence, wanted): Promise<Plan> {
    if (wanted.scope === 'project') {
      const hint = 'use --scope user; in a Makefile or CI set the variable GOPROXY'
      return impossible('Go has no settings of a project', hint)
    }
    const tool = await toolchain(machine, presence.command)
    const path = goEnvFile(machine, tool?.GOENV)
    if (path === undefined) {
      return impossible('GOENV=off makes Go read no file', 'unset GOENV, or set the variable GOPROXY')
    }
    const text = (await machine.readText(path)) ?? ''
    const former = withoutOurs(goSetting(text, 'GOPROXY') ?? '', wanted)
    const shipped = tool?.GOROOT && (await machine.readText(join(tool.GOROOT, 'go.env')))
    const known = sourcesOf((shipped && goSetting(shipped, 'GOPROXY')) ?? '')
    const isKnown = (address: string) =>
      wanted.isPublic(address) || known.some((one) => sameValue(one, address))
    const cover = coverPrivate(machine, text, wanted)
    const rest = restOf(former, cover.possible ? wanted.fallback : undefined, isKnown)
    const value = `${wanted.address}|${rest.list}`
    const settings = [
      ['GOPROXY', value] as const,
      ...(wanted.fallback && cover.possible ? cover.settings : []),
    ]
    const set = (before: string) =>
      settings.reduce((edited, [name, to]) => setGoEnvValue(edited, name, to), before)
    const { privatePatterns } = wanted
    const advice = await goAdvice({ machine, text: set(text), list: former, privatePatterns })
    return {
      possible: true,
      value,
      previous: former === '' || goSetting(text, 'GOPROXY') !== former ? undefined : former,
      edits: [
        {
          path,
          keys: settings.map(([name]) => name),
          edit: editing(set),
          own: {
            argv: ['go', 'env', '-w', ...settings.map(([name, set]) => `${name}=${set}`)],
            copy: 'env',
            env: (_, copy) => ({ GOENV: copy }),
          },
        },
      ],
      notes: [...rest.notes, ...(wanted.fallback ? cover.notes : []), ...advice.map((one) => one.text)],
    }
  },
}

type Cover =
  | {
      readonly possible: true
      readonly settings: readonly (readonly [string, string])[]
      readonly notes: readonly string[]
    }
  | { readonly possible: false; readonly notes: readonly string[] }

/**
 * A name that the relay refuses as private goes on to the next element of the list. So a mirror may stand there only
 * when Go asks no element at all for such a name: GONOPROXY, or GOPRIVATE where that is not set, must cover it.
 */
function coverPrivate({ env }: Machine, text: string, { privatePatterns }: Wanted): Cover {
  const name = env.GONOPROXY || goSetting(text, 'GONOPROXY') ? 'GONOPROXY' : 'GOPRIVATE'
  const present = (env[name] || goSetting(text, name) || '').split(',')
  const covered = compilePatterns(present)
  const missing = privatePatterns.filter((pattern) => !present.includes(pattern) && !covered(pattern))
  if (missing.length === 0) return { possible: true, settings: [], notes: [] }
  if (env[name]) {
    return {
      possible: false,
      notes: [
        `the mirror is left out: ${name} in the environment does not cover ${missing.join(', ')}, which would be asked of the mirror`,
      ],
    }
  }
  return {
    possible: true,
    settings: [[name, withPatterns(present, missing)]],
    notes: [`${name} gets the server's private names, so that the mirror is never asked for them`],
  }
}

interface Rest {
  readonly list: string
  readonly notes: readonly string[]
}

/** What stands behind the relay: a company's own list as it was, else the mirror and the list's own end. */
function restOf(former: string, fallback: string | undefined, isKnown: (address: string) => boolean): Rest {
  const company = sourcesOf(former).filter(
    (address) => !isKnown(address) && !sameValue(address, fallback ?? ''),
  )
  if (company.length > 0) {
    const masked = maskCredentials(former)
    const left =
      fallback === undefined ? [] : ["the mirror is left out: a company's own list stands in its place"]
    return { list: former, notes: [`${masked} stays behind Posthaste, as the way when it is down`, ...left] }
  }
  const end = /(^|[,|])\s*off\s*$/.test(former) ? 'off' : 'direct'
  return { list: fallback === undefined ? end : `${fallback}|${end}`, notes: [] }
}

/** A list without what leads to the relay itself. */
function withoutOurs(list: string, wanted: Wanted): string {
  const first = /^([^,|]*)[,|]?(.*)$/s.exec(list)
  if (first === null || !isOurs(first[1] ?? '', wanted)) return list
  const rest = first[2] ?? ''
  const ownEnd =
    rest === 'direct' ||
    rest === 'off' ||
    (wanted.fallback !== undefined && rest === `${wanted.fallback}|direct`)
  return ownEnd && rest !== 'off' ? '' : rest
}

function sourcesOf(list: string): string[] {
  const parsed = parseGoproxyList(list)
  return parsed.ok ? parsed.steps.flatMap((step) => (step.kind === 'source' ? [step.url] : [])) : []
}

async function toolchain(machine: Machine, command: string | undefined): Promise<GoEnv | undefined> {
  if (command === undefined) return undefined
  const folder = await mkdtemp(join(tmpdir(), 'posthaste-setup-'))
  try {
    // Go keeps counters and more below the home: a dry run must leave nothing there.
    const elsewhere = { HOME: folder, USERPROFILE: folder, APPDATA: folder, XDG_CONFIG_HOME: folder }
    const GOENV = machine.env.GOENV || defaultGoEnvFile(machine)
    await turnGoCountersOff(machine, elsewhere)
    const env = { ...quiet(machine.env), ...elsewhere, GOENV }
    const answer = await readGoEnv(env, { command, timeoutMs: 10_000 })
    return answer.ok ? answer.env : undefined
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
