/**
 * The process that touches the kernel's packet interface. It takes one job as a JSON line on standard input, says what
 * it finds in JSON lines on standard output, and ends with the job, or with its input: a fault here costs one trace.
 */
import { isIPv6 } from 'node:net'
import { openChannel } from '../channels/open-channel.ts'
import { SocketError } from '../channels/probe-socket.ts'
import { type Libc, openLibc } from '../kernel/libc.ts'
import { findMtu } from './find-mtu.ts'
import { locateSteps } from './locate-steps.ts'
import type { Job, Message, TraceJob } from './messages.ts'
import { type Clock, ProbeLoop } from './probe-loop.ts'
import { type RunOptions, runTrace } from './run-trace.ts'

/** For an answer, where nobody has answered yet. */
const mtuWaitMs = 500

let stop = false
const stopped = () => stop
const clock: Clock = {
  nowMs: () => performance.now(),
  yieldNow: () => new Promise((resolve) => setImmediate(resolve)),
}

function say(message: Message): void {
  process.stdout.write(`${JSON.stringify(message)}\n`)
}

async function firstLine(): Promise<string> {
  let text = ''
  process.stdin.setEncoding('utf8')
  return new Promise((resolve) => {
    process.stdin.on('data', (piece: string) => {
      text += piece
      const end = text.indexOf('\n')
      if (end >= 0) resolve(text.slice(0, end))
    })
    process.stdin.on('end', () => {
      stop = true
      resolve(text)
    })
  })
}

async function work(job: Job): Promise<void> {
  const opened = openLibc()
  if (!opened.ok) {
    say({ kind: 'failed', reason: 'no-packet-sockets', detail: opened.reason })
    return
  }
  const { libc } = opened
  try {
    if (job.kind === 'locate') await locateSteps({ libc, job, clock, say, stopped })
    else await trace(libc, job)
  } catch (error) {
    if (!(error instanceof SocketError)) throw error
    say({ kind: 'failed', reason: 'refused', detail: error.message })
    return
  }
  say({ kind: 'end' })
}

async function trace(libc: Libc, job: TraceJob): Promise<void> {
  const { channel, ...how } = openChannel(libc, job)
  using _ = channel
  say({ kind: 'ready', ...how })
  const measureMtu: RunOptions['measureMtu'] = async ({ targetTtl, worstMs = mtuWaitMs / 4 }) => {
    if (!job.findMtu) return
    // A SYN cannot be made large: other probes measure its path.
    const protocol = how.protocol === 'tcp' ? 'icmp' : how.protocol
    const port = job.protocol === 'udp' ? job.port : 33_434
    using sized = openChannel(libc, { protocol, address: job.address, port, flows: 1 }).channel
    const loop = new ProbeLoop(sized, clock, job.timeoutMs)
    const family = isIPv6(job.address) ? 6 : 4
    const waitMs = Math.min(job.timeoutMs, Math.max(200, worstMs * 4))
    say({ kind: 'mtu', mtu: await findMtu({ loop, family, targetTtl, waitMs, stopped }) })
  }
  await runTrace({ job, channel, clock, say, stopped, measureMtu })
}

// A service's end reaches every process of it: whoever started this decides when it ends.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined)
await work(JSON.parse(await firstLine()) as Job)
process.exit(0)
