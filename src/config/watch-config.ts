import { type FSWatcher, watch } from 'node:fs'
import { basename, dirname } from 'node:path'
import { applicable, type Change, diffConfig } from './diff-config.ts'
import type { Loaded, LoadResult, Origins } from './load-config.ts'
import type { Problem } from './problem.ts'
import type { Config } from './schema.ts'

export type Reload =
  /** `config` holds the old values of what needs a restart, so it is what the server really runs with. */
  | {
      readonly kind: 'changed'
      readonly config: Config
      readonly origins: Origins
      readonly changes: readonly Change[]
      readonly warnings: readonly Problem[]
    }
  /** Told when somebody asked (a signal), and when a rejected file is as it was again. */
  | { readonly kind: 'unchanged' }
  /** The old settings stay. */
  | { readonly kind: 'rejected'; readonly problems: readonly Problem[] }

/** What tells that a look is worth while. Each returns what ends it. */
export interface WatchPorts {
  onSignal(listener: () => void): () => void
  onFileChange(file: string, listener: () => void): () => void
  /** Calls once, later. */
  after(ms: number, listener: () => void): () => void
}

export interface WatchOptions {
  readonly initial: Loaded
  /** Loads everything again; the same question that gave `initial`. */
  readonly load: () => Promise<LoadResult>
  readonly onReload: (reload: Reload) => void
  /** Changes within this time count as one. Default: 200 ms. */
  readonly debounceMs?: number
  /** A file that was emptied or removed gets this long to come back: many editors write like that. Default: 2 s. */
  readonly blankMs?: number
  readonly ports?: WatchPorts
}

export interface ConfigWatch extends Disposable {
  /** Looks at once. Calls that come while a look is under way share the one that follows it. */
  reload(): Promise<void>
}

/** Loads the settings again on SIGHUP and when the file changes, appears or goes. */
export function watchConfig(options: WatchOptions): ConfigWatch {
  const { initial, load, onReload, debounceMs = 200, blankMs = 2_000, ports = systemPorts } = options
  let current = initial.config
  let wasBlank = initial.isBlank
  let waited = false
  let rejected: string | undefined
  let told: readonly Change[] = []
  let closed = false
  let cancelTimer: (() => void) | undefined
  let running: Promise<void> = Promise.resolve()
  let next: Promise<void> | undefined
  let asked = false

  async function look(): Promise<void> {
    next = undefined
    const wasAsked = asked
    asked = false
    const result = await attempt(load)
    if (closed) return
    if (!result.ok) {
      const same = JSON.stringify(result.problems)
      if (same !== rejected || wasAsked) onReload({ kind: 'rejected', problems: result.problems })
      rejected = same
      return
    }
    if (result.isBlank && !wasBlank && !wasAsked && !waited) {
      waited = true
      later(blankMs)
      return
    }
    wasBlank = result.isBlank
    waited = false
    const changes = diffConfig(current, result.config)
    const news = JSON.stringify(changes) !== JSON.stringify(told)
    // What waits for a restart differs at every look, and is told once.
    told = changes.filter(({ needsRestart }) => needsRestart)
    if (changes.length > 0 && (news || wasAsked)) {
      current = applicable(current, result.config)
      onReload({
        kind: 'changed',
        config: current,
        origins: result.origins,
        changes,
        warnings: result.warnings,
      })
    } else if (wasAsked || rejected !== undefined) {
      onReload({ kind: 'unchanged' })
    }
    rejected = undefined
  }

  function reload(): Promise<void> {
    asked = true
    return enqueue()
  }

  function enqueue(): Promise<void> {
    next ??= running = running.then(look)
    return next
  }

  function onFileChange(): void {
    waited = false
    later(debounceMs)
  }

  function later(ms: number): void {
    cancelTimer?.()
    cancelTimer = ports.after(ms, () => {
      cancelTimer = undefined
      void enqueue()
    })
  }

  const ends = [
    ports.onSignal(() => void reload()),
    ...initial.searched.map((file) => ports.onFileChange(file, onFileChange)),
  ]
  return {
    reload,
    [Symbol.dispose]() {
      closed = true
      cancelTimer?.()
      for (const end of ends) end()
    },
  }
}

/** A loader that throws must not end the server: it is told like any other problem. */
async function attempt(load: () => Promise<LoadResult>): Promise<LoadResult> {
  try {
    return await load()
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const problem: Problem = { where: 'reload', key: undefined, message, hint: undefined }
    return { ok: false, problems: [problem], file: undefined, searched: [] }
  }
}

export const systemPorts: WatchPorts = {
  onSignal(listener) {
    if (process.platform === 'win32') return () => undefined
    process.on('SIGHUP', listener)
    return () => process.off('SIGHUP', listener)
  },

  /**
   * Watches the folder, because editors replace files and Kubernetes swaps a link named `..data` beside them.
   * A folder that cannot be watched leaves SIGHUP.
   */
  onFileChange(file, listener) {
    const name = basename(file)
    let watcher: FSWatcher
    try {
      watcher = watch(dirname(file), { persistent: false }, (_, changed) => {
        if (changed === null || changed === name || changed.startsWith('..')) listener()
      })
    } catch {
      // The contract above: SIGHUP still works.
      return () => undefined
    }
    // So it is with a folder that goes while it is watched.
    watcher.on('error', () => watcher.close())
    return () => watcher.close()
  },

  after(ms, listener) {
    const timer = setTimeout(listener, ms)
    timer.unref()
    return () => clearTimeout(timer)
  },
}
