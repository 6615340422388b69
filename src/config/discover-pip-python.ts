import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { behind } from './behind.ts'

/** What the Python that is installed knows about pip. */
export interface PythonAnswer {
  /** The index that pip asks when nothing is set; undefined where there is no pip. */
  readonly defaultIndex: string | undefined
  readonly prefix: string | undefined
}

export type PythonResult =
  | { readonly ok: true; readonly answer: PythonAnswer }
  | { readonly ok: false; readonly reason: string }

export interface AskPythonOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Tried in this order. */
  readonly commands: readonly string[]
  /** For all of them together. */
  readonly timeoutMs: number
  /** Nobody waits for it right now: others go first. */
  readonly inBackground?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

/** Where a Python has no pip, the one that it carries along for `ensurepip` is asked. */
const PROGRAM = `
import glob, json, os, sys
def simple():
    try:
        from pip._internal.models.index import PyPI
    except ImportError:
        import ensurepip
        sys.path += glob.glob(os.path.join(os.path.dirname(ensurepip.__file__), '_bundled', 'pip-*.whl'))
        from pip._internal.models.index import PyPI
    return PyPI.simple_url
try:
    index = simple()
except Exception:
    index = None
print(json.dumps({'index': index, 'prefix': sys.prefix}))
`

/**
 * Asks the first Python that starts, in an empty folder of its own and with a limit on time and output.
 * Never throws.
 */
export async function askPython(options: AskPythonOptions): Promise<PythonResult> {
  let folder: string | undefined
  try {
    folder = await mkdtemp(join(tmpdir(), 'posthaste-pip-'))
    let last: PythonResult = { ok: false, reason: 'there is no Python to be asked' }
    // One limit for them all: a start waits for this.
    const endMs = performance.now() + options.timeoutMs
    for (const command of options.commands) {
      const leftMs = Math.floor(endMs - performance.now())
      if (leftMs <= 0 || options.signal?.aborted === true) return last
      last = await run(command, folder, leftMs, options)
      if (last.ok) return last
    }
    return last
  } catch (error) {
    return { ok: false, reason: `no folder to run Python in: ${messageOf(error)}` }
  } finally {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true }).catch(() => undefined)
  }
}

function run(
  command: string,
  cwd: string,
  leftMs: number,
  { env, timeoutMs, signal, inBackground }: AskPythonOptions,
): Promise<PythonResult> {
  return new Promise((resolve) => {
    const done = (error: (Error & { code?: unknown; killed?: boolean }) | null, stdout: string) => {
      resolve(error ? { ok: false, reason: explain(error, command, timeoutMs) } : parse(stdout, command))
    }
    try {
      const child = execFile(
        command,
        ['-c', PROGRAM],
        {
          cwd,
          env: { ...env, PWD: cwd, PYTHONDONTWRITEBYTECODE: '1' },
          encoding: 'utf8',
          timeout: leftMs,
          killSignal: 'SIGKILL',
          maxBuffer: 64 * 1024,
          windowsHide: true,
          ...(signal && { signal }),
        },
        done,
      )
      if (inBackground === true) behind(child)
    } catch (error) {
      resolve({ ok: false, reason: `'${command}' did not start: ${messageOf(error)}` })
    }
  })
}

function parse(stdout: string, command: string): PythonResult {
  let said: unknown
  try {
    // Whatever start-up files print comes before it.
    said = JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
  } catch {
    return { ok: false, reason: `'${command}' answered with something that is not JSON` }
  }
  const read = (name: string): string | undefined => {
    const value: unknown = typeof said === 'object' && said !== null ? Reflect.get(said, name) : undefined
    return typeof value === 'string' && value !== '' ? value : undefined
  }
  return { ok: true, answer: { defaultIndex: read('index'), prefix: read('prefix') } }
}

function explain(
  error: Error & { code?: unknown; killed?: boolean },
  command: string,
  timeoutMs: number,
): string {
  if (error.code === 'ENOENT') return `there is no '${command}' command on the PATH`
  if (error.name === 'AbortError') return 'the search was given up'
  if (error.killed) return `'${command}' gave no answer within ${timeoutMs} ms`
  return `'${command}' failed: ${error.message.split('\n')[0]?.slice(0, 200)}`
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
