import { isIPv6 } from 'node:net'
import { ProbeSocket } from '../channels/probe-socket.ts'
import { type Libc, MessageBuffers } from '../kernel/libc.ts'
import { errorName, POLLIN, POLLOUT, SO_LINGER, SOCK_STREAM, SOL_SOCKET } from '../kernel/linux-constants.ts'
import type { LocateJob, Message, StepOutcome } from './messages.ts'
import type { Clock } from './probe-loop.ts'

const besideMs = 150

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
    const outcome = await oneStep(options, ttl)
    say({ kind: 'step', ttl, outcome })
    if (outcome === 'unconnected' && ++unconnected >= 2) return
    if (outcome === 'reset' || outcome === 'closed' || outcome === 'answered') return
  }
}

async function oneStep(
  { libc, job, clock, stopped }: Parameters<typeof locateSteps>[0],
  ttl: number,
): Promise<StepOutcome> {
  const family = isIPv6(job.address) ? 6 : 4
  using socket = new ProbeSocket(libc, { family, type: SOCK_STREAM, protocol: 0 })
  const buffers = new MessageBuffers()
  // Closing resets, so that nothing lingers on the path or at the server.
  socket.set('SO_LINGER', SOL_SOCKET, SO_LINGER, new Uint8Array(Int32Array.of(1, 0).buffer))
  const ready = async (events: number, untilMs: number) => {
    while (!stopped() && clock.nowMs() < untilMs) {
      await clock.yieldNow()
      const found = libc.poll([{ fd: socket.fd, events }], 20).get(socket.fd)
      if (found !== undefined) return true
    }
    return false
  }
  if (socket.startConnecting(job.address, job.port) !== undefined) return 'unconnected'
  if (!(await ready(POLLOUT, clock.nowMs() + job.timeoutMs)) || socket.takeError() !== 0) return 'unconnected'
  socket.setTtl(ttl)
  if (!socket.send(Buffer.from(job.hello, 'base64')).ok) return 'unconnected'
  let expired = false
  let untilMs = clock.nowMs() + job.timeoutMs
  while (await ready(POLLIN, untilMs)) {
    // A connection that stands gets no entry of the error queue: the error alone says that the hello expired.
    const pending = socket.takeError()
    const data = pending === 0 ? socket.receive('data', buffers) : undefined
    const error = errorName(pending === 0 ? libc.errno() : pending)
    if (data !== undefined) return data.bytes.length === 0 ? 'closed' : 'answered'
    if (error === 'ECONNRESET') return 'reset'
    if (error !== 'EHOSTUNREACH') return 'silent'
    // A device that only listens in resets beside the packet, which expires a little farther on.
    if (!expired) untilMs = Math.min(untilMs, clock.nowMs() + besideMs)
    expired = true
  }
  return expired ? 'expired' : 'silent'
}
