import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Client, type ClientId, effective, type Layer } from '../clients/client.ts'
import { SettingsFileError } from '../clients/file-text.ts'
import { goAdvice, goEnvFile, goSetting } from '../clients/go-advice.ts'
import type { Machine } from '../clients/machine.ts'
import { type GoEnv, readGoEnv } from '../config/go-env.ts'
import type { ClientRun, Expected, Pinned, Reading, StepResult } from './client-run.ts'
import { goEnvironment } from './clients/go-run.ts'
import { findReasons, type Reason, settingReason } from './find-reasons.ts'
import { type Judged, judgeRun, type Log, watchedTexts } from './judge-run.ts'
import { proveBytes } from './prove-bytes.ts'
import type { RelayLink } from './relay-link.ts'
import { relayPlaces } from './relay-places.ts'
import { runStep } from './run-step.ts'

export interface VerifyClientOptions {
  readonly client: Client
  readonly run: ClientRun
  readonly machine: Machine
  readonly command: string
  readonly layers: readonly Layer[]
  readonly relay: RelayLink
  /** The relay's address for this client, without a slash at the end. */
  readonly address: string
  /** The relay's own address, which a client may use besides. */
  readonly base: string
  readonly pinned: Pinned
  readonly marker: string
  /** For all that the client does. */
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

export interface VerifiedClient extends Judged {
  readonly client: ClientId
  readonly pinned: Pinned
  readonly marker: string
  readonly reasons: readonly Reason[]
  readonly notes: readonly string[]
  readonly tookMs: number
}

/** Runs a client once and says which way it took. Leaves nothing behind. Throws what the file system says, and the signal's reason. */
export async function verifyClient(options: VerifyClientOptions): Promise<VerifiedClient> {
  const { client, run, machine, command, layers, relay, address, pinned, marker, timeoutMs, signal } = options
  const startedAtMs = performance.now()
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'posthaste-verify-')))
  try {
    const isOurs = relayPlaces(options)
    // Before the watch begins: our own question is no request of the client's.
    const facts = await relay.facts(pinned, address)
    const link = await relay.watch(marker, watchedTexts(pinned), Math.ceil(timeoutMs / 1_000) + 60)
    const place = { machine, command, folder, marker, pinned, facts }
    const results = await runAll(await run.steps(place), options)
    // What a client says that was ended is no answer.
    signal.throwIfAborted()
    const read = await run.read(results, place)
    const reading = withSetting(read, layers)
    const log: Log = link.kind === 'watching' ? await relay.seen(marker) : unreadLog(link)
    const go = client.id === 'go' ? await goSettings(options, folder) : undefined
    const bytes = await proveBytes(
      reading.ok ? reading.artifact : undefined,
      expectedOf(reading, pinned, facts),
      (url) => relay.bytes(url),
    )
    const base = new URL(address).origin
    const judged = judgeRun({
      run,
      reading,
      timedOut: results.some((result) => result.timedOut),
      timeoutMs,
      pinned,
      marker,
      log,
      bytes,
      isOurs,
      base,
      isSet: settingReason({ client, layers, isOurs, go }) === undefined,
    })
    const reasons =
      judged.verdict === 'in-effect'
        ? []
        : await findReasons({ client, machine, layers, isOurs, base, go, packageName: pinned.name })
    const notes = [...reading.notes, ...(client.id === 'go' ? await goNotes(machine) : [])]
    return {
      ...judged,
      client: client.id,
      pinned,
      marker,
      reasons: [...reasons, ...downReason(log, base)],
      notes,
      tookMs: Math.round(performance.now() - startedAtMs),
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The settings of a client, strongest first, or why they cannot be read. */
export async function readLayers(
  client: Client,
  machine: Machine,
): Promise<{ readonly layers: readonly Layer[]; readonly problem: string | undefined }> {
  try {
    return { layers: await client.read(machine, await client.detect(machine)), problem: undefined }
  } catch (error) {
    if (!(error instanceof SettingsFileError)) throw error
    return { layers: [], problem: `its settings cannot be read: ${error.message} (${error.hint})` }
  }
}

async function runAll(
  steps: Awaited<ReturnType<ClientRun['steps']>>,
  { command, machine, timeoutMs, signal }: VerifyClientOptions,
): Promise<StepResult[]> {
  const results: StepResult[] = []
  const endsAtMs = performance.now() + timeoutMs
  for (const { args, cwd, env } of steps) {
    const leftMs = endsAtMs - performance.now()
    if (leftMs <= 0) results.push({ code: undefined, stdout: '', stderr: '', timedOut: true })
    else
      results.push(
        await runStep({ command, args, cwd, env: { ...machine.env, ...env }, timeoutMs: leftMs, signal }),
      )
  }
  return results
}

/** A client that tells no addresses is taken at its settings. */
function withSetting(reading: Reading, layers: readonly Layer[]): Reading {
  const value = effective(layers)?.value?.replace(/^sparse\+/, '')
  if (reading.asked.length > 0 || value === undefined || !URL.canParse(value)) return reading
  return { ...reading, asked: [value], asking: 'setting' }
}

function unreadLog(link: { readonly kind: 'closed' | 'down'; readonly reason: string }): Log {
  return link.kind === 'down'
    ? { kind: 'down', reason: link.reason }
    : { kind: 'unread', reason: link.reason }
}

function expectedOf(
  { expected }: Reading,
  pinned: Pinned,
  facts: { readonly hashes: readonly string[] } | undefined,
): Expected[] {
  return [
    ...expected,
    ...(facts === undefined ? [] : [{ hashes: facts.hashes, by: "the registry's own entry" }]),
    ...(pinned.hash === undefined ? [] : [{ hashes: [pinned.hash], by: "Posthaste's own record" }]),
  ]
}

/** What is wrong with Go's settings though the package came; flags are the project's matter. */
async function goNotes(machine: Machine): Promise<readonly string[]> {
  const file = goEnvFile(machine)
  const text = (file && (await machine.readText(file))) ?? ''
  const told: readonly string[] = ['GOPROXY', 'GOSUMDB', 'GONOSUMDB']
  // The toolchain's own list is nobody's mistake.
  const list = goSetting(text, 'GOPROXY') ?? ''
  const advice = await goAdvice({ machine, text, list, privatePatterns: [] })
  return advice.flatMap((one) => (told.includes(one.name) ? [one.text] : []))
}

function downReason(log: Log, base: string): Reason[] {
  if (log.kind !== 'down') return []
  return [{ text: `Posthaste does not answer at ${base}: ${log.reason}`, fix: 'posthaste serve' }]
}

async function goSettings(
  { machine, command }: VerifyClientOptions,
  folder: string,
): Promise<GoEnv | undefined> {
  const answer = await readGoEnv(
    { ...machine.env, ...(await goEnvironment(machine, folder)) },
    { command, timeoutMs: 10_000 },
  )
  return answer.ok ? answer.env : undefined
}
