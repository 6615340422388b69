import { byVersion } from '../mirrors/freshness.ts'
import { classOfHost } from '../upstream/address.ts'
import type { Evidence, InterfacesFact } from './evidence.ts'
import { controlName } from './handshakes.ts'
import { HttpStage, isSlow, type SeenVersions } from './http-stage.ts'
import { seeDisk, seeFileLimit, seeNetwork } from './probes/machine.ts'
import { isExpectedData, isOwnPurpose } from './rules/answers.ts'
import { judge } from './rules/rules.ts'
import { type DoctorOptions, Run } from './run.ts'
import { Seen } from './seen.ts'
import { trySpares } from './spare-proxies.ts'
import { endpointOf, hostOf, portOf, type Target } from './target.ts'
import type { Finding } from './verdict.ts'
import { Web } from './web.ts'

export interface Diagnosis {
  readonly findings: readonly Finding[]
  readonly evidence: readonly Evidence[]
  readonly targets: readonly Target[]
  readonly tookMs: number
  /** False when the time was over before every probe was. */
  readonly complete: boolean
}

/** A mirror that lacks one version may be a minute behind; two are more than that. */
const leastMissing = 2
/** A mirror may leave out what is old; only so many of the newest versions are looked for. */
const newestCounted = 20

/** Looks at every target, layer by layer, and says what was seen and what follows. Never throws for what a network does. */
export async function diagnose(options: DoctorOptions): Promise<Diagnosis> {
  const run = new Run(options)
  await untilOver(run, lookAround(run))
  const evidence = [...run.evidence]
  return {
    findings: judge(new Seen(evidence, options.targets), {
      allowPrivate: options.allowPrivate,
      catalogues: options.catalogues,
    }),
    evidence,
    targets: options.targets,
    tookMs: run.elapsedMs,
    complete: !run.signal.aborted,
  }
}

/** Waits for all work, and no longer than the run: nothing that hangs can make it longer. */
async function untilOver(run: Run, work: Promise<void>): Promise<void> {
  const { signal } = run
  const { promise: over, resolve } = Promise.withResolvers<void>()
  const end = () => resolve()
  signal.addEventListener('abort', end, { once: true })
  if (signal.aborted) end()
  try {
    await Promise.race([work, over])
  } finally {
    signal.removeEventListener('abort', end)
  }
}

async function lookAround(run: Run): Promise<void> {
  const { options } = run
  const network = await seeNetwork()
  run.record('machine', 0, network)
  const machine = run.step('machine', 'machine', async () => {
    const [disk, files] = await Promise.all([seeDisk(options.dataFolder), seeFileLimit()])
    if (disk !== undefined) run.record('machine', 0, disk)
    if (files !== undefined) run.record('machine', 0, files)
  })
  const settings = run.step('settings', 'machine', async () => {
    for (const fact of await options.settings()) run.record(fact.name, 0, fact)
  })
  const reachable =
    network.outcome === 'up'
      ? options.targets
      : options.targets.filter((target) => classOfHost(hostOf(target)) === 'loopback')
  const web = new Web(run)
  const stage = new HttpStage(run, web)
  const [versions] = await Promise.all([
    Promise.all(reachable.map((target) => stage.examine(target))),
    network.outcome === 'up' ? web.dns.askForMissing() : undefined,
    trySpares(run, web.dns),
    machine,
    settings,
  ])
  compareVersions(
    run,
    versions.filter((one) => one !== undefined),
  )
  if (!isOffline(network)) await lookCloser(run, web, stage, reachable)
}

/** No way leads out of this machine: there is no path to look at. */
function isOffline({ outcome, defaultRoute4, defaultRoute6 }: InterfacesFact): boolean {
  return outcome === 'down' || (defaultRoute4 === false && defaultRoute6 !== true)
}

/** What only pays when something was found already. */
async function lookCloser(run: Run, web: Web, stage: HttpStage, targets: readonly Target[]): Promise<void> {
  const { portalProbe } = run.options
  const work: Promise<unknown>[] = []
  if (portalProbe !== undefined && run.evidence.some(mayBePortals)) work.push(web.get(portalProbe, 'portal'))
  const slow = run.evidence.find(
    (record) => record.probe === 'http' && record.purpose === 'medium' && isSlow(record),
  )
  const other = targets.find(
    (target) =>
      slow !== undefined &&
      target.ecosystem !== undefined &&
      endpointOf(target) !== slow.target &&
      target.role !== 'database',
  )
  if (other !== undefined) work.push(stage.compareRate(other))
  await Promise.all(work)
  if (!run.signal.aborted) await Promise.all([traceLost(run, targets), locateCut(run, targets)])
}

/** Worth a question whether a login page stands before everything. What is asked for to be absent tells nothing. */
function mayBePortals(record: Evidence): boolean {
  if (record.probe === 'tls.hello') return record.outcome === 'not-tls'
  if (record.probe === 'tls.chain') return record.outcome === 'untrusted' || !record.hostMatches
  if (record.probe !== 'http' || !isOwnPurpose(record) || record.purpose === 'capability') return false
  if ((record.status ?? 0) >= 300) return true
  return record.isHtml && (isExpectedData(record) || record.url.startsWith('http:'))
}

/** The path to the first target that loses packets. Behind a proxy the path is the proxy's. */
async function traceLost(run: Run, targets: readonly Target[]): Promise<void> {
  const { tracePath } = run.options
  const lost = targets.find(
    (target) =>
      target.role !== 'control' &&
      !isBehindProxy(run, endpointOf(target)) &&
      run.evidence.some(
        (record) =>
          record.target === endpointOf(target) &&
          ((record.probe === 'tcp' &&
            ['silent', 'host-unreachable', 'net-unreachable'].includes(record.outcome)) ||
            (record.probe === 'tls.hello' && ['reset', 'silent'].includes(record.outcome))),
      ),
  )
  if (tracePath === undefined || lost === undefined) return
  const name = endpointOf(lost)
  const began = performance.now()
  const path = await run.step('path', name, () =>
    tracePath({ host: hostOf(lost), port: portOf(lost) }, run.signal),
  )
  run.record(name, performance.now() - began, { probe: 'path', host: hostOf(lost), ...path })
}

function isBehindProxy(run: Run, endpoint: string): boolean {
  return run.evidence.some((record) => record.probe === 'proxy.tunnel' && record.target === endpoint)
}

/** Who resets the first target's handshakes. Behind a proxy the path is the proxy's. */
async function locateCut(run: Run, targets: readonly Target[]): Promise<void> {
  const { locateReset } = run.options
  const own = targets.filter(({ role }) => role !== 'control').map(endpointOf)
  const cut = run.evidence.find(
    (record) =>
      record.probe === 'tls.hello' &&
      record.outcome === 'reset' &&
      record.purpose === 'target' &&
      own.includes(record.target) &&
      !isBehindProxy(run, record.target),
  )
  if (locateReset === undefined || cut?.probe !== 'tls.hello') return
  const { target, address, host } = cut
  const port = Number(target.slice(target.lastIndexOf(':') + 1))
  const began = performance.now()
  const place = await run.step('path', target, () =>
    locateReset({ address, port, serverName: host, controlName }, run.signal),
  )
  run.record(target, performance.now() - began, { probe: 'reset.place', host, ...place })
}

function compareVersions(run: Run, seen: readonly SeenVersions[]): void {
  for (const one of seen) {
    const fullest = seen
      .filter(
        (other) =>
          other.name === one.name && other.target.ecosystem === one.target.ecosystem && other !== one,
      )
      .toSorted((left, right) => right.versions.size - left.versions.size)[0]
    if (fullest === undefined || one.target.role === 'control') continue
    const missing = newerVersions(one.versions, fullest.versions)
    run.record(endpointOf(one.target), 0, {
      probe: 'freshness',
      outcome: missing.length >= leastMissing ? 'behind' : 'same',
      host: hostOf(one.target),
      name: one.name,
      missing: missing.slice(-10),
      comparedWith: endpointOf(fullest.target),
    })
  }
}

/** Of the other's newest, those beyond the own newest one, oldest first. */
function newerVersions(own: ReadonlySet<string>, other: ReadonlySet<string>): string[] {
  const newest = [...own].toSorted(byVersion).at(-1)
  return [...other]
    .toSorted(byVersion)
    .slice(-newestCounted)
    .filter((version) => newest === undefined || byVersion(version, newest) > 0)
}
