import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import type { Message } from './worker/messages.ts'

/**
 * Times connections to the target, for machines without packet sockets: no hops, but the target's own loss and delay.
 * Speaks like the worker, with TTL 1 for the whole way.
 */
export async function* connectTimes(
  job: {
    readonly address: string
    readonly port: number
    readonly rounds: number
    readonly intervalMs: number
    readonly timeoutMs: number
  },
  signal: AbortSignal,
): AsyncGenerator<Message> {
  for (let round = 0; !signal.aborted && (job.rounds === 0 || round < job.rounds); round++) {
    yield { kind: 'sent', sequence: round, ttl: 1, flow: 0 }
    const startMs = performance.now()
    const outcome = await oneConnection(job, signal)
    // A connection that was not let finish is no loss.
    if (outcome === 'ended') break
    const rttMs = performance.now() - startMs
    if (outcome === 'silent') yield { kind: 'lost', sequence: round, ttl: 1, flow: 0 }
    else {
      const meaning = outcome === 'open' ? 'syn-ack' : outcome === 'refused' ? 'reset' : outcome
      yield { kind: 'reply', sequence: round, ttl: 1, flow: 0, host: job.address, rttMs, meaning, labels: [] }
    }
    yield { kind: 'round', round: round + 1 }
    if (round + 1 === job.rounds) break
    await wait(Math.max(0, job.intervalMs - rttMs), undefined, { signal }).catch((error) => {
      if (!signal.aborted) throw error
    })
  }
  yield { kind: 'end' }
}

/** `ended` by the abort. */
type ConnectionOutcome = 'open' | 'refused' | 'net' | 'host' | 'silent' | 'ended'

function oneConnection(
  { address, port, timeoutMs }: { address: string; port: number; timeoutMs: number },
  signal: AbortSignal,
): Promise<ConnectionOutcome> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve('ended')
    const socket = connect({ host: address, port, autoSelectFamily: false })
    const end = (outcome: ConnectionOutcome) => {
      signal.removeEventListener('abort', stop)
      socket.destroy()
      resolve(outcome)
    }
    const stop = () => end('ended')
    signal.addEventListener('abort', stop, { once: true })
    socket.setTimeout(timeoutMs, () => end('silent'))
    socket.once('connect', () => end('open'))
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') end('refused')
      else if (error.code === 'ENETUNREACH') end('net')
      else end(error.code === 'EHOSTUNREACH' ? 'host' : 'silent')
    })
  })
}
