import { clientHello } from './client-hello.ts'
import { runWorker } from './run-worker.ts'
import type { Job, Message, StepOutcome } from './worker/messages.ts'

export interface LocateTarget {
  /** Numeric. */
  readonly address: string
  readonly port: number
  /** The name whose handshake is reset. */
  readonly serverName: string
  /** A name that gets an answer from the same address: how far away the server is. */
  readonly controlName?: string
}

export interface HelloStep {
  readonly ttl: number
  readonly outcome: StepOutcome
  /** Who answers at this TTL. */
  readonly host?: string
}

/** Where a handshake is cut. */
export type ResetPlace =
  /** Somebody between two hops cuts it, nearer than the server. */
  | {
      readonly kind: 'between'
      readonly afterTtl: number
      readonly afterHost?: string
      readonly ttl: number
      /** How far the server is, by the control name. */
      readonly serverTtl?: number
    }
  /** As far away as the server that answers the control name: the server itself, or a neighbour of it. */
  | { readonly kind: 'server'; readonly ttl: number }
  /** The name gets an answer: nothing is cut now. */
  | { readonly kind: 'answered'; readonly ttl: number }
  | { readonly kind: 'unknown'; readonly reason: string }

export interface ResetEvidence {
  readonly steps: readonly HelloStep[]
  readonly controlSteps: readonly HelloStep[]
  readonly place: ResetPlace
}

export interface LocateOptions {
  readonly maxHops?: number
  /** For each step. */
  readonly timeoutMs?: number
}

/**
 * Finds the hop that resets a TLS handshake: the connection is made with a full hop limit, then the ClientHello is sent
 * with a growing one. Linux, no privileges needed. Some devices copy the hop limit of what they answer, and then seem
 * farther away than they are.
 */
export async function locateReset(
  target: LocateTarget,
  options: LocateOptions = {},
  signal: AbortSignal = new AbortController().signal,
  run: (job: Job, signal: AbortSignal) => AsyncIterable<Message> = runWorker,
): Promise<ResetEvidence> {
  const { maxHops = 30, timeoutMs = 1_000 } = options
  let failure: string | undefined
  const stepsFor = async (name: string) => {
    const hello = Buffer.from(clientHello(name)).toString('base64')
    const { address, port } = target
    const steps: HelloStep[] = []
    for await (const message of run({ kind: 'locate', address, port, hello, maxHops, timeoutMs }, signal)) {
      if (message.kind === 'failed') failure = message.detail
      if (message.kind !== 'step') continue
      const { ttl, outcome } = message
      const host = outcome === 'expired' ? hosts.get(ttl) : undefined
      steps.push({ ttl, outcome, ...(host && { host }) })
    }
    return steps
  }
  const hosts = await hostsByTtl(target, { maxHops, timeoutMs }, signal, run)
  // The control goes first: after a name was cut, some devices block the pair of hosts for minutes.
  const controlSteps = target.controlName === undefined ? [] : await stepsFor(target.controlName)
  const steps = await stepsFor(target.serverName)
  const place: ResetPlace =
    failure === undefined ? resetPlace(steps, controlSteps) : { kind: 'unknown', reason: failure }
  return { steps, controlSteps, place }
}

/** An established connection does not tell who dropped its packets: SYNs on the same way do. */
async function hostsByTtl(
  { address, port }: LocateTarget,
  limits: Required<LocateOptions>,
  signal: AbortSignal,
  run: (job: Job, signal: AbortSignal) => AsyncIterable<Message>,
): Promise<ReadonlyMap<number, string>> {
  const job = {
    protocol: 'tcp',
    address,
    port,
    rounds: 1,
    intervalMs: 1_000,
    flows: 1,
    findMtu: false,
  } as const
  const hosts = new Map<number, string>()
  for await (const message of run({ kind: 'trace', ...job, ...limits }, signal)) {
    if (message.kind === 'reply' && message.meaning === 'expired') hosts.set(message.ttl, message.host)
  }
  return hosts
}

/** Reads the place off the steps. Pure. */
export function resetPlace(steps: readonly HelloStep[], controlSteps: readonly HelloStep[]): ResetPlace {
  const last = steps.at(-1)
  if (last === undefined) return { kind: 'unknown', reason: 'nothing was tried' }
  if (last.outcome === 'answered') return { kind: 'answered', ttl: last.ttl }
  if (last.outcome === 'unconnected') return { kind: 'unknown', reason: 'no connection' }
  if (last.outcome !== 'reset' && last.outcome !== 'closed') {
    return { kind: 'unknown', reason: 'no reset came back' }
  }
  const serverTtl = controlSteps.find(({ outcome }) => outcome === 'answered')?.ttl
  if (serverTtl !== undefined && last.ttl >= serverTtl) return { kind: 'server', ttl: last.ttl }
  const after = steps.findLast(({ outcome }) => outcome === 'expired')
  return {
    kind: 'between',
    afterTtl: after?.ttl ?? 0,
    ...(after?.host && { afterHost: after.host }),
    ttl: last.ttl,
    ...(serverTtl === undefined ? {} : { serverTtl }),
  }
}
