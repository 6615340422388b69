import { askToolchain, inEmptyFolder } from './ask-toolchain.ts'

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
  return await inEmptyFolder<PythonResult>({
    name: 'posthaste-pip-',
    command: options.commands[0] ?? 'python3',
    failed: (reason) => ({ ok: false, reason }),
    async work(folder) {
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
    },
  })
}

async function run(
  command: string,
  cwd: string,
  leftMs: number,
  { env, signal, inBackground, timeoutMs }: AskPythonOptions,
): Promise<PythonResult> {
  const said = await askToolchain({
    command,
    args: ['-c', PROGRAM],
    cwd,
    env: { ...env, PYTHONDONTWRITEBYTECODE: '1' },
    timeoutMs: leftMs,
    wholeLimitMs: timeoutMs,
    maxOutputBytes: 64 * 1024,
    title: command,
    inBackground,
    signal,
    // A traceback's last line names the error.
    complaint: (stderr) => stderr.trim().split('\n').at(-1),
  })
  return said.ok ? parse(said.value, command) : said
}

function parse(stdout: string, command: string): PythonResult {
  let said: unknown
  try {
    // Whatever start-up files print comes before it.
    said = JSON.parse(stdout.split('\n').at(-1) ?? '')
  } catch {
    return { ok: false, reason: `'${command}' answered with something that is not JSON` }
  }
  const read = (name: string): string | undefined => {
    const value: unknown = typeof said === 'object' && said !== null ? Reflect.get(said, name) : undefined
    return typeof value === 'string' && value !== '' ? value : undefined
  }
  return { ok: true, answer: { defaultIndex: read('index'), prefix: read('prefix') } }
}
