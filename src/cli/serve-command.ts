import { asError } from '../as-error.ts'
import type { Origins } from '../config/load-config.ts'
import { formatProblem } from '../config/problem.ts'
import { readTextFile } from '../config/read-text-file.ts'
import { askInBackground, resolveConfig, type Toolchains } from '../config/resolve-config.ts'
import type { Config } from '../config/schema.ts'
import { watchConfig } from '../config/watch-config.ts'
import { streamSink } from '../observe/line-writer.ts'
import type { Logger } from '../observe/log.ts'
import { mask } from '../observe/mask.ts'
import { type Posthaste, startPosthaste } from '../serve/posthaste.ts'
import { tellError, tellUsage } from './command.ts'
import { configFlags, describeFlags, parseFlags } from './flags.ts'
import type { ExitCode, Io } from './io.ts'
import { LateOpening } from './late-opening.ts'
import { ServeLog } from './serve-log.ts'
import { settingsFor } from './settings.ts'
import { terminalWatch } from './terminal-gone.ts'

const flagSpecs = {
  ...configFlags,
  help: { type: 'boolean', short: 'h', summary: 'Prints this.' },
} as const

const help = (columns: number | undefined) => `posthaste serve [FLAGS]

Runs the caching proxy until SIGTERM or SIGINT; a second signal ends it at once. SIGHUP reads the settings again,
unless the terminal was closed: that ends it.

${describeFlags(flagSpecs, columns)}
Example: posthaste serve --listen 127.0.0.1:7678 --data ./posthaste-data
         posthaste serve --offline --log json
`

/** A build that begins with the server has the processor to itself. */
const OPEN_AFTER_MS = 1_000

/** Ends when the server has stopped. 1: it could not start; 64: wrong usage or settings. */
export async function serveCommand(args: readonly string[], io: Io): Promise<ExitCode> {
  const parsed = parseFlags(args, flagSpecs)
  if (!parsed.ok) return tellUsage(parsed.message, io, 'serve')
  if (parsed.values.help === true) {
    io.stdout.write(help(io.stdout.columns))
    return 0
  }
  const [extra] = parsed.positionals
  if (extra !== undefined) return tellUsage(`'serve' takes no '${extra}'`, io, 'serve')
  const settings = await settingsFor(parsed.values, io, 'only go')
  if (settings === undefined) return 64
  const { loaded, ...first } = settings
  const { config, origins } = loaded

  const color = process.stdout.isTTY === true && (io.env.NO_COLOR ?? '') === ''
  const logs = new ServeLog({
    format: config.log,
    stdout: streamSink(process.stdout),
    stderr: streamSink(process.stderr),
    color,
    width: () => (process.stdout.isTTY ? process.stdout.columns : undefined),
  })
  const { out, err, log, requestLog } = logs

  // Signals count from the first moment: one that comes while the server starts must not leave an orphan.
  const signals = new StopSignals()
  let server: Posthaste
  const rest = new LateOpening()
  try {
    const droppedLines = () => out.dropped + err.dropped
    const options = {
      config,
      origins,
      toolchains: first,
      opening: () => rest.open(),
      env: io.env,
      log,
      requestLog,
      droppedLines,
    }
    server = await startPosthaste(options)
    if (config.log === 'text') out.write(server.greeting().map(mask).join('\n'))
    out.write(`posthaste ready on ${server.url}`)
  } catch (error) {
    tellError(error, io, 'serve')
    return 1
  }

  const stopping = new AbortController()
  let toolchains: Partial<Toolchains> = first
  let isOpening = true
  let running = config
  const configure = (next: Config, origins: Origins) => {
    running = next
    logs.use(next.log)
    return server.configure(next, origins, toolchains).catch((error: unknown) => {
      log.error('the new settings could not be applied', { error: asError(error) })
    })
  }
  using watch = watchConfig({
    initial: loaded,
    load: async () => {
      const options = { flags: parsed.values, env: io.env, cwd: io.cwd, readFile: readTextFile }
      const { result, ...found } = await resolveConfig(options, askInBackground(stopping.signal))
      toolchains = found
      return result
    },
    onReload: (reload) => {
      if (isOpening && reload.kind !== 'rejected') {
        // The toolchains that take their time have answered; what they said is part of the start.
        const now = reload.kind === 'changed' ? reload : { config: running, origins }
        void configure(now.config, now.origins)
        return
      }
      switch (reload.kind) {
        case 'rejected':
          for (const problem of reload.problems) log.error(`new settings refused: ${formatProblem(problem)}`)
          log.warn('the old settings stay in force')
          return
        case 'unchanged':
          log.info('settings read again: nothing changed')
          return
        case 'changed':
          for (const { key, from, to, needsRestart } of reload.changes) {
            const when = needsRestart ? ' (takes effect after a restart)' : ''
            log.info(`${key}: ${JSON.stringify(from)} → ${JSON.stringify(to)}${when}`)
          }
          void configure(reload.config, reload.origins)
      }
    },
  })
  rest.enable(async () => {
    await watch.reload()
    isOpening = false
    if (config.log === 'text') for (const line of server.toldLater()) out.write(mask(line))
  })
  const opening = setTimeout(() => void rest.open(), OPEN_AFTER_MS)
  using _guards = guardProcess(log)

  await signals.first
  clearTimeout(opening)
  // Toolchains that are still being asked are left alone, and what they ran in is removed.
  stopping.abort(new Error('posthaste is stopping'))
  log.info('stopping: running answers are finished', { graceMs: running.shutdown.graceMs })
  await Promise.all([server.stop(running.shutdown.graceMs), rest.idle()])
  await Promise.all([out.flush(AbortSignal.timeout(1_000)), err.flush(AbortSignal.timeout(1_000))])
  return 0
}

/** The first signal asks for an orderly stop, the second one ends the process at once. */
class StopSignals {
  readonly first: Promise<void>

  constructor() {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.first = promise
    let asked = false
    const stop = () => {
      if (asked) process.exit(1)
      asked = true
      resolve()
    }
    process.on('SIGTERM', stop)
    process.on('SIGINT', stop)
    const isTerminalGone = terminalWatch(process.stdout.isTTY === true)
    process.on('SIGHUP', () => {
      if (!asked && isTerminalGone()) stop()
    })
    // Under npm the parent may be killed without a word; nobody would hold the other end of our port then.
    if (process.env.npm_lifecycle_event !== undefined) {
      const parent = process.ppid
      setInterval(() => {
        if (process.ppid !== parent && !asked) stop()
      }, 1_000).unref()
    }
  }
}

/** A bug in one request must not take the others down: it is told, and the server goes on. */
function guardProcess(log: Logger): Disposable {
  const tell = (error: unknown) => log.error('an error that nobody handled', { error: asError(error) })
  process.on('unhandledRejection', tell)
  process.on('uncaughtException', tell)
  return {
    [Symbol.dispose]() {
      process.off('unhandledRejection', tell)
      process.off('uncaughtException', tell)
    },
  }
}
