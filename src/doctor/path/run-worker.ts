import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type Job, type Message, readMessage } from './worker/messages.ts'

/** After the job was to end, this long until the process is killed. */
const graceMs = 2_000
const complaintLength = 2_000

/** The tracer's process ended without a word, or said something that is no message. */
export class TracerFault extends Error {
  readonly code = 'tracer_fault'
  readonly hint = 'This is a fault of Posthaste: please report it with this message.'
}

/**
 * Runs a job in a process of its own and gives what it says, until it ends. An abort stops the job; what it said until
 * then is given, and the iteration ends without an error. Throws TracerFault when the process breaks.
 */
export async function* runWorker(job: Job, signal: AbortSignal): AsyncGenerator<Message> {
  if (signal.aborted) return
  const program = join(import.meta.dirname, 'worker', 'main.ts')
  // As the launcher has it: what lies in the working folder is nothing to run.
  const child = spawn(process.execPath, ['--no-env-file', '--config=/dev/null', program], {
    stdio: ['pipe', 'pipe', 'pipe'],
    // A group of its own: Ctrl-C, and timeout(1), signal the whole group. The end of its input ends it in any case.
    detached: true,
    // Without these, a tracer started by a test or under a debugger would inherit its runner's settings.
    env: {
      PATH: process.env.PATH ?? '',
      HOME: process.env.HOME ?? '/',
      BUN_RUNTIME_TRANSPILER_CACHE_PATH: '0',
    },
  })
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (piece: string) => {
    complaint = `${complaint}${piece}`.slice(-complaintLength)
  })
  // It may be gone before it reads: how it ended says more.
  child.stdin.on('error', () => undefined)
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('close', (code, name) => resolve(`ended with ${name ?? code}`))
  })
  let killer: NodeJS.Timeout | undefined
  const stop = () => {
    child.stdin.end()
    killer ??= setTimeout(() => child.kill('SIGKILL'), graceMs)
  }
  signal.addEventListener('abort', stop, { once: true })
  child.stdin.write(`${JSON.stringify(job)}\n`)
  let finished = false
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      const message = readMessage(line)
      yield message
      finished ||= message.kind === 'end' || message.kind === 'failed'
    }
    const how = await ended
    if (!finished && !signal.aborted) throw new TracerFault(`the tracer ${how}: ${firstError(complaint)}`)
  } catch (error) {
    if (error instanceof SyntaxError) throw new TracerFault(`${error.message} ${firstError(complaint)}`)
    throw error
  } finally {
    signal.removeEventListener('abort', stop)
    stop()
    await ended
    clearTimeout(killer)
  }
}

/** The line that names the error, without the source and the stack around it. */
function firstError(complaint: string): string {
  const lines = complaint.trim().split('\n')
  return (lines.find((line) => /^\w*(Error|error)\b/.test(line)) ?? lines.at(-1) ?? '').trim()
}
