/** What a distribution requires: `Requires-Dist` of core metadata, and PEP 508 as far as a guess needs it. */

import type { ClientMachine } from './client-machine.ts'
import { isProjectName, normalizeName } from './project-name.ts'
import { meets, parseVersion } from './version.ts'

export interface Requirement {
  readonly project: string
  readonly extras: readonly string[]
  /** `>=1.2,<2`; empty for any. */
  readonly specifier: string
  readonly marker: string
}

const MAX_REQUIREMENTS = 2_000

/** The requirements in the headers of a METADATA file. Those by address, and what cannot be read, are left out. */
export function requirementsIn(metadata: Uint8Array): Requirement[] {
  const text = Buffer.from(metadata.buffer, metadata.byteOffset, metadata.byteLength).toString('utf8')
  const end = /\r?\n\r?\n/.exec(text)?.index ?? text.length
  const found: Requirement[] = []
  for (const [, line = ''] of text.slice(0, end).matchAll(/^Requires-Dist:[ \t]*(.+?)\r?$/gim)) {
    const requirement = parseRequirement(line)
    if (requirement !== undefined && found.length < MAX_REQUIREMENTS) found.push(requirement)
  }
  return found
}

function parseRequirement(line: string): Requirement | undefined {
  if (line.length > 2_000) return undefined
  const [requirement = '', ...marker] = line.split(';')
  const [, name = '', extras = '', rest = ''] =
    /^\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[([^\]]*)\])?\s*([^@]*)$/.exec(requirement) ?? []
  if (!isProjectName(name)) return undefined
  return {
    project: normalizeName(name),
    extras: extras
      .split(',')
      .map((extra) => normalizeName(extra.trim()))
      .filter((extra) => extra !== ''),
    specifier: rest.replace(/[()]/g, '').trim(),
    marker: marker.join(';').trim(),
  }
}

/**
 * Whether a requirement applies, by its marker: an `or` of `and`s, without parentheses inside. Extras decide; what
 * else cannot be told counts as true.
 */
export function applies(
  { marker }: Requirement,
  machine: ClientMachine | undefined,
  extras: ReadonlySet<string>,
): boolean {
  if (marker === '') return true
  const isPlain = !/[()]/.test(marker.replace(/^\(([^()]*)\)$/, '$1'))
  if (!isPlain) return !/\bextra\b/.test(marker) || extras.size > 0
  const bare = marker.replace(/^\(([^()]*)\)$/, '$1')
  return bare
    .split(/\bor\b/)
    .some((side) => side.split(/\band\b/).every((clause) => holds(clause.trim(), machine, extras)))
}

function holds(clause: string, machine: ClientMachine | undefined, extras: ReadonlySet<string>): boolean {
  const [, name = '', operator = '', value = ''] =
    /^(\w+)\s*(===|~=|==|!=|<=|>=|<|>)\s*['"]([^'"]*)['"]$/.exec(clause) ?? []
  if (name === 'extra') return operator === '==' && extras.has(normalizeName(value))
  if (machine === undefined) return true
  switch (name) {
    case 'python_version':
    case 'python_full_version': {
      const [major, minor] = machine.python
      const version = name === 'python_full_version' ? machine.version : parseVersion(`${major}.${minor}`)
      return version === undefined || meets(version, `${operator}${value}`)
    }
    case 'sys_platform':
      return equals(operator, value, { linux: 'linux', macos: 'darwin', windows: 'win32' }[machine.system])
    case 'platform_system':
      return equals(operator, value, { linux: 'Linux', macos: 'Darwin', windows: 'Windows' }[machine.system])
    case 'os_name':
      return equals(operator, value, machine.system === 'windows' ? 'nt' : 'posix')
    case 'platform_machine':
      return equals(operator, value.toLowerCase(), machine.cpu)
    case 'implementation_name':
      return equals(operator, value, 'cpython')
    case 'platform_python_implementation':
      return equals(operator, value, 'CPython')
    default:
      return true
  }
}

function equals(operator: string, value: string, is: string): boolean {
  if (operator === '==') return value === is
  return operator === '!=' ? value !== is : true
}
