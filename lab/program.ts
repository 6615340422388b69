import { type ChildProcess, spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'

export interface ProgramOptions {
  readonly command: readonly [program: string, ...args: string[]]
  /** Put over this process's own variables; undefined takes one away. */
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
  /** The line on stdout that says it is ready; its first group becomes `ready`. */
  readonly readyLine?: RegExp
  readonly readyWithinMs?: number
}

export interface Program extends AsyncDisposable {
  readonly pid: number
  /** What the ready line's first group held; empty without one. */
  readonly ready: string
  /** From the start to the ready line. */
  readonly readyAfterMs: number
  /** Everything on stdout so far. */
  readonly output: string
  /** SIGTERM, then SIGKILL after 15 s; resolves when it has ended, with all of stdout. */
  stop(): Promise<string>
}

/** Starts a program of its own and waits for its ready line. Throws with the end of its output when that does not come. */
export async function startProgram(options: ProgramOptions): Promise<Program> {
  const [command, ...args] = options.command
  const env = { ...process.env, ...options.env }
  const began = performance.now()
  const child = spawn(command, args, {
    env,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => {
    errors = (errors + chunk.toString()).slice(-4000)
  })
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve())
    child.once('error', () => resolve())
  })
  const ready = new Promise<string>((resolve, reject) => {
    const fail = (why: string) =>
      reject(new Error(`${command} ${why}: ${`${output}${errors}`.trim().slice(-600)}`))
    const timer = setTimeout(() => fail('was not ready in time'), options.readyWithinMs ?? 20_000)
    child.once('error', (error) => fail(`did not start (${error.message})`))
    child.once('close', (code) => fail(`ended with ${code}`))
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      const match = options.readyLine?.exec(output)
      if (!match) return
      clearTimeout(timer)
      resolve(match[1] ?? '')
    })
    if (!options.readyLine) {
      clearTimeout(timer)
      child.once('spawn', () => resolve(''))
    }
  })
  const stop = async () => {
    await end(child, ended)
    return output
  }
  try {
    const text = await ready
    return {
      pid: child.pid ?? 0,
      ready: text,
      readyAfterMs: performance.now() - began,
      get output() {
        return output
      },
      stop,
      async [Symbol.asyncDispose]() {
        await stop()
      },
    }
  } catch (error) {
    await end(child, ended)
    throw error
  }
}

async function end(child: ChildProcess, ended: Promise<void>): Promise<void> {
  if (child.pid === undefined) return
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 15_000)
  await ended
  clearTimeout(timer)
}

/** Resident bytes of a process and all below it: now, or the most there ever were; none of one that has ended. Linux only. */
export async function residentBytes(pid: number, when: 'now' | 'peak' = 'now'): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  const kilobytes = Number((when === 'now' ? /VmRSS:\s+(\d+)/ : /VmHWM:\s+(\d+)/).exec(status)?.[1] ?? 0)
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')
  let total = kilobytes * 1024
  for (const child of children.split(' ').filter(Boolean)) total += await residentBytes(Number(child), when)
  return total
}
