import type { Foresight, Likely, Resource } from '../ecosystem.ts'
import { type Candidate, pickWheel } from './candidates.ts'
import { type ClientMachine, fitOf, machineFrom, machineOf } from './client-machine.ts'
import { type DistributionFile, parseDistribution } from './distribution-file.ts'
import type { PypiEcosystem } from './pypi-ecosystem.ts'
import { type FilePart, parsePypiRequest } from './request-path.ts'
import { applies, type Requirement, requirementsIn } from './requirement.ts'

/** An installation is thought to be over when nothing was asked for this long. */
const QUIET_MS = 30_000
/** Projects that are remembered of one installation. */
const MAX_PROJECTS = 3_000
/** User-Agents that are remembered, so that each is read once. */
const MAX_AGENTS = 64
/** A wheel follows its metadata by as much: what arrives meanwhile may ask for another version. */
const WHEEL_DELAY_MS = 150
/** A larger wheel is not fetched before its client has shown interest in this very version. */
const MAX_UNASKED_BYTES = 32 * 1024 * 1024

export interface PypiForesightOptions {
  readonly ecosystem: Pick<PypiEcosystem, 'candidatesOf' | 'metadataIn' | 'pageOf' | 'fileOf'>
  readonly now?: () => number
}

export interface PypiForesight extends Foresight {
  /** The User-Agent of a client that asks for something. On the way of every request that is parsed. */
  sawClient(userAgent: string): void
}

interface Known {
  /** The candidates of its page, once that has arrived. */
  digest: Uint8Array | undefined
  readonly specifiers: Set<string>
  readonly extras: Set<string>
  /** The file that was picked, or that the client has shown interest in. */
  picked: string | undefined
  /** Nobody announces its metadata, and it is small enough to be looked into. */
  isReadable: boolean
  /** The client itself asked for its metadata or its wheel. */
  isSettled: boolean
  /** What its picked version requires, for extras that come later. */
  requires: readonly Requirement[]
}

/**
 * What pip and uv ask next. Both walk the tree of requirements: the page of a project, the metadata of the newest
 * wheel that fits, the pages of what that requires, and, once all is chosen, the wheels. Which wheel fits is known
 * from the User-Agent; which version, from the requirements seen so far. Where an index announces no metadata, the
 * small wheels that are fetched tell it.
 */
export function createPypiForesight({ ecosystem, now = Date.now }: PypiForesightOptions): PypiForesight {
  const projects = new Map<string, Known>()
  let machine: ClientMachine | undefined
  const machines = new Map<string, ClientMachine | undefined>()
  let lastAskedMs = Number.NEGATIVE_INFINITY

  const known = (project: string): Known | undefined => {
    let one = projects.get(project)
    if (one === undefined && projects.size < MAX_PROJECTS) {
      one = {
        digest: undefined,
        specifiers: new Set(),
        extras: new Set(),
        picked: undefined,
        isReadable: false,
        isSettled: false,
        requires: [],
      }
      projects.set(project, one)
    }
    return one
  }

  const fileGuess = (
    project: string,
    { file, route }: Candidate,
    part: FilePart,
    weight: number,
    delayMs = 0,
  ): Likely => ({
    resource: ecosystem.fileOf({ kind: 'file', project, route, file, part }),
    weight,
    delayMs,
    stillLikely: () => projects.get(project)?.picked === file,
  })

  /** Picks the wheel of a project by all that is known now; guesses when that is news. */
  const pick = (project: string, one: Known, wanted: boolean): Likely[] => {
    if (one.digest === undefined || one.isSettled || machine === undefined) return []
    const picked = pickWheel(one.digest, { machine, specifiers: [...one.specifiers], project })
    if (picked === undefined || picked.file === one.picked) return []
    one.picked = picked.file
    one.isReadable = !picked.hasMetadata && picked.sizeBytes <= MAX_UNASKED_BYTES
    const guesses = picked.hasMetadata ? [fileGuess(project, picked, 'metadata', wanted ? 0.9 : 0.7)] : []
    if (picked.sizeBytes <= MAX_UNASKED_BYTES) {
      const delayMs = picked.hasMetadata ? WHEEL_DELAY_MS * 2 : 0
      guesses.push(fileGuess(project, picked, 'file', wanted ? 0.5 : 0.4, delayMs))
    }
    return guesses
  }

  const require = (requirement: Requirement, wanted: boolean): Likely[] => {
    const { project, specifier, extras } = requirement
    const page = ecosystem.pageOf(project)
    if (page.isPrivate === true) return []
    const isNew = !projects.has(project)
    const one = known(project)
    if (one === undefined) return []
    const before = one.specifiers.size + one.extras.size
    if (specifier !== '') one.specifiers.add(specifier)
    for (const extra of extras) one.extras.add(extra)
    const guesses: Likely[] = []
    if (isNew) guesses.push({ resource: page, weight: wanted ? 0.9 : 0.7, delayMs: 0 })
    if (one.specifiers.size + one.extras.size > before) {
      guesses.push(...pick(project, one, wanted))
      if (extras.length > 0) guesses.push(...follow(one, one.requires, wanted))
    }
    return guesses
  }

  const follow = (one: Known, requires: readonly Requirement[], wanted: boolean): Likely[] =>
    requires
      .filter((requirement) => applies(requirement, machine, one.extras))
      .flatMap((requirement) => require(requirement, wanted))

  return {
    sawClient(userAgent) {
      if (!machines.has(userAgent)) {
        if (machines.size >= MAX_AGENTS) machines.clear()
        machines.set(userAgent, machineOf(userAgent))
      }
      machine = machines.get(userAgent) ?? machine
    },

    digest(resource) {
      if (isPage(resource)) return ecosystem.candidatesOf(resource.name)
      if (resource.kind !== 'wheel') return undefined
      const one = projects.get(resource.name)
      const isWanted = one?.isReadable === true && one.picked === fileIn(resource)?.file
      return isWanted ? ecosystem.metadataIn(resource) : undefined
    },

    asked(resource) {
      const nowMs = now()
      if (nowMs - lastAskedMs > QUIET_MS) projects.clear()
      lastAskedMs = nowMs
      if (resource.isPrivate === true) return []
      const file = fileIn(resource)
      if (file === undefined) return []
      const distribution = parseDistribution(file.file, file.project)
      if (file.part === 'file') machine ??= machineFrom(distribution)
      const one = known(file.project)
      if (one === undefined || (distribution.kind === 'wheel' && isForeign(distribution, machine))) return []
      if (one.picked !== file.file) one.isReadable = false
      one.picked = file.file
      one.isSettled = true
      if (file.part !== 'metadata') return []
      const candidate = { ...file, version: '', sizeBytes: 0, hasMetadata: true }
      return [fileGuess(file.project, candidate, 'file', 0.8, WHEEL_DELAY_MS)]
    },

    arrived(resource, body, wanted) {
      if (resource.isPrivate === true) return []
      if (isPage(resource)) {
        const one = known(resource.name)
        if (one === undefined) return []
        one.digest = body
        return pick(resource.name, one, wanted)
      }
      const isMetadata = resource.kind === 'metadata' || resource.kind === 'wheel'
      const file = isMetadata ? fileIn(resource) : undefined
      const one = file === undefined ? undefined : known(file.project)
      if (file === undefined || one === undefined || one.picked !== file.file) return []
      if (resource.kind === 'wheel' && !one.isReadable) return []
      one.requires = requirementsIn(body)
      return follow(one, one.requires, wanted)
    },
  }
}

/** Resolvers for many machines look at a wheel of any, and install their own in the end. */
function isForeign(distribution: DistributionFile, machine: ClientMachine | undefined): boolean {
  return machine !== undefined && fitOf(distribution, machine) === undefined
}

function isPage({ kind }: Resource): boolean {
  return kind === 'page'
}

function fileIn({ key, isPrivate }: Resource) {
  if (isPrivate === true || !key.startsWith('pypi/files/')) return undefined
  const request = parsePypiRequest(key.slice('pypi'.length))
  return request.kind === 'file' ? request : undefined
}
