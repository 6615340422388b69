/** The machine that a client installs for: from its User-Agent, or from the wheels that it takes. */

import type { DistributionFile } from './distribution-file.ts'
import { parseVersion, type Version } from './version.ts'

export interface ClientMachine {
  /** 3.11 → [3, 11]. */
  readonly python: readonly [major: number, minor: number]
  readonly version: Version | undefined
  readonly system: 'linux' | 'macos' | 'windows'
  /** As in the tags of wheels: `x86_64`, `aarch64`, `arm64`, `amd64`. */
  readonly cpu: string
  /** The highest `manylinux_X_Y`, `musllinux_X_Y` or `macosx_X_Y` that fits. */
  readonly level: readonly [major: number, minor: number]
  readonly isMusl: boolean
}

const MAX_AGENT_LENGTH = 2_048

const systems: Readonly<Record<string, ClientMachine['system']>> = {
  Linux: 'linux',
  Darwin: 'macos',
  Windows: 'windows',
}

/** Reads what pip and uv say of themselves: a word, a blank, and JSON. Undefined for other clients. */
export function machineOf(userAgent: string): ClientMachine | undefined {
  const at = userAgent.indexOf(' {')
  if (at < 0 || userAgent.length > MAX_AGENT_LENGTH) return undefined
  let said: unknown
  try {
    said = JSON.parse(userAgent.slice(at + 1))
  } catch {
    // Some other client's idea of a User-Agent.
    return undefined
  }
  const python = text(said, 'python')
  const system = systems[text(said, 'system', 'name')]
  const cpu = text(said, 'cpu')
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(python) ?? []
  if (system === undefined || cpu === '' || major === undefined || minor === undefined) return undefined
  if (!/^(?:cpython)?$/i.test(text(said, 'implementation', 'name'))) return undefined
  const libc = text(said, 'distro', 'libc', 'version')
  return {
    python: [Number(major), Number(minor)],
    version: parseVersion(python),
    system,
    cpu: cpu.toLowerCase(),
    level: levelOf(system === 'macos' ? text(said, 'distro', 'version') : libc),
    isMusl: /musl/i.test(text(said, 'distro', 'libc', 'lib')),
  }
}

/** What a wheel that a client took says of its machine; undefined where it fits any. */
export function machineFrom({ tags }: DistributionFile): ClientMachine | undefined {
  const [, major, minor] = /^cp(\d)(\d+)$/.exec(tags?.python ?? '') ?? []
  const platform = tags?.platform.split('.')[0] ?? ''
  const [, family, levelMajor, levelMinor, cpu] =
    /^(manylinux|musllinux|macosx)_(\d+)_(\d+)_(\w+)$/.exec(platform) ?? []
  const isWindows = /^win_(amd64|arm64)$/.exec(platform)
  if (major === undefined || (family === undefined && isWindows === null)) return undefined
  return {
    python: [Number(major), Number(minor)],
    version: parseVersion(`${major}.${minor}`),
    system: family === undefined ? 'windows' : family === 'macosx' ? 'macos' : 'linux',
    cpu: (cpu ?? isWindows?.[1] ?? '').toLowerCase(),
    level: [Number(levelMajor ?? 0), Number(levelMinor ?? 0)],
    isMusl: family === 'musllinux',
  }
}

/** Where nothing is said: what distributions of the last years have. */
function levelOf(version: string): readonly [number, number] {
  const [, major, minor] = /^(\d+)(?:\.(\d+))?/.exec(version) ?? []
  return major === undefined ? [2, 28] : [Number(major), Number(minor ?? 0)]
}

/**
 * How well a wheel fits a machine, higher is better; undefined when it does not. The order is that of the tags
 * that packaging.python.org's rules give: the interpreter's own first, then the stable ABI, then any.
 */
export function fitOf({ tags }: DistributionFile, machine: ClientMachine): number | undefined {
  if (tags === undefined) return undefined
  const python = best(tags.python.split('.'), (tag) => pythonFit(tag, tags.abi.split('.'), machine))
  const platform = best(tags.platform.split('.'), (tag) => platformFit(tag, machine))
  return python === undefined || platform === undefined ? undefined : python * 100_000 + platform
}

function pythonFit(
  tag: string,
  abis: readonly string[],
  { python: [major, minor] }: ClientMachine,
): number | undefined {
  const [, kind, tagMajor, tagMinor] = /^(cp|py)(\d)(\d*)$/.exec(tag) ?? []
  if (Number(tagMajor) !== major) return undefined
  const older = tagMinor === '' || Number(tagMinor) <= minor
  if (kind === 'py') return older && abis.includes('none') ? 1 : undefined
  if (kind !== 'cp' || !older) return undefined
  const isSame = Number(tagMinor) === minor
  if (isSame && abis.some((abi) => abi === tag || abi === `${tag}m`)) return 1_000
  if (abis.includes('abi3') && tagMinor !== '') return 500 + Number(tagMinor)
  return isSame && abis.includes('none') ? 400 : undefined
}

function platformFit(tag: string, machine: ClientMachine): number | undefined {
  if (tag === 'any') return 0
  if (machine.system === 'windows') return tag === `win_${machine.cpu}` ? 1 : undefined
  const [, family, major, minor, cpu] =
    /^(manylinux|musllinux|macosx)_(\d+)_(\d+)_(\w+)$/.exec(modern(tag)) ?? []
  const wanted = machine.system === 'macos' ? 'macosx' : machine.isMusl ? 'musllinux' : 'manylinux'
  const hasCpu = cpu === machine.cpu || (family === 'macosx' && cpu === 'universal2')
  if (family !== wanted || !hasCpu) return undefined
  const [most, mostMinor] = machine.level
  const fits = Number(major) < most || (Number(major) === most && Number(minor) <= mostMinor)
  return fits ? Number(major) * 100 + Number(minor) : undefined
}

/** The old names of PEP 513, 571 and 599 by PEP 600. */
function modern(tag: string): string {
  return tag
    .replace(/^manylinux1_/, 'manylinux_2_5_')
    .replace(/^manylinux2010_/, 'manylinux_2_12_')
    .replace(/^manylinux2014_/, 'manylinux_2_17_')
}

function best(tags: readonly string[], fit: (tag: string) => number | undefined): number | undefined {
  let most: number | undefined
  for (const tag of tags) {
    const one = fit(tag)
    if (one !== undefined && (most === undefined || one > most)) most = one
  }
  return most
}

function text(value: unknown, ...path: readonly string[]): string {
  let at = value
  for (const name of path) at = typeof at === 'object' && at !== null ? Reflect.get(at, name) : undefined
  return typeof at === 'string' ? at : ''
}
