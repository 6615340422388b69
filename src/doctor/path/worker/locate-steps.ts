import { isIPv6 } from 'node:net'
import { ProbeSocket } from '../channels/probe-socket.ts'
import { type Libc, MessageBuffers } from '../kernel/libc.ts'
import { errorName, POLLIN, POLLOUT, SO_LINGER, SOCK_STREAM, SOL_SOCKET } from '../kernel/linux-constants.ts'
import { icmpMeaning } from '../wire/icmp-meaning.ts'
import type { LocateJob, Message, StepOutcome } from './messages.ts'
import type { Clock } from './probe-loop.ts'

/**
 * Connects with a full hop limit, then sends the hello with a growing one: the first that brings a reset (or an answer)
 * went as far as whoever sends it. Ends there.
 */
export async function locateSteps(options: {
  readonly libc: Libc
  readonly job: LocateJob
  readonly clock: Clock
  readonly say: (message: Message) => void
  readonly stopped: () => boolean
}): Promise<void> {
  const { job, say, stopped } = options
  let unconnected = 0
  for (let ttl = 1; ttl <= job.maxHops && !stopped(); ttl++) {
    const step = await oneStep(options, ttl)
    say({ kind: 'step', ttl, ...step })
    if (step.outcome === 'unconnected' && ++unconnected >= 2) return
    if (step.outcome === 'reset' || step.outcome === 'closed' || step.outcome === 'answered') return
  }
}

interface Step {
  readonly outcome: StepOutcome
  readonly host?: string
}

async function oneStep(
  { libc, job, clock, stopped }: Parameters<typeof locateSteps>[0],
  ttl: number,
): Promise<Step> {
  const family = isIPv6(job.address) ? 6 : 4
  using socket = new ProbeSocket(libc, { family, type: SOCK_STREAM, protocol: 0 })
  const buffers = new MessageBuffers()
  // Closing resets, so that nothing lingers on the path or at the server.
  socket.set('SO_LINGER', SOL_SOCKET, SO_LINGER, new Uint8Array(Int32Array.of(1, 0).buffer))
  const ready = async (events: number) => {
    const untilMs = clock.nowMs() + job.timeoutMs
    while (!stopped() && clock.nowMs() < untilMs) {
      await clock.yieldNow()
      const found = libc.poll([{ fd: socket.fd, events }], 20).get(socket.fd)
      if (found !== undefined) return true
    }
    return false
  }
  if (socket.startConnecting(job.address, job.port) !== undefined) return { outcome: 'unconnected' }
  if (!(await ready(POLLOUT)) || socket.takeError() !== 0) return { outcome: 'unconnected' }
  socket.setTtl(ttl)
  if (!socket.send(Buffer.from(job.hello, 'base64')).ok) return { outcome: 'unconnected' }
  // An expired hello does not end the connection: only a later word of the peer decides, within the time.
  let host: string | undefined
  while (await ready(POLLIN)) {
    const queued = socket.receive('errors', buffers)?.control.error
    if (queued !== undefined) {
      if (queued.origin === 'icmp' && icmpMeaning(family, queued.type, queued.code) === 'expired') {
        return { outcome: 'expired', ...(queued.offender && { host: queued.offender }) }
      }
      host = queued.offender
      continue
    }
    const pending = socket.takeError()
    if (pending !== 0) return { outcome: errorName(pending) === 'ECONNRESET' ? 'reset' : 'silent' }
    const data = socket.receive('data', buffers)
    if (data === undefined) return { outcome: errorName(libc.errno()) === 'ECONNRESET' ? 'reset' : 'silent' }
    return { outcome: data.bytes.length === 0 ? 'closed' : 'answered' }
  }
  return { outcome: 'silent', ...(host && { host }) }
}
