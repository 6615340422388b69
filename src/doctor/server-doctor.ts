import { diagnose } from './diagnose.ts'
import { configuredTargets, givenTarget } from './find-targets.ts'
import { collectSettings, type Machine, type Prepared, prepare } from './prepare.ts'
import { type Report, reportOf } from './report.ts'
import type { Target } from './target.ts'

export interface ServerDoctorOptions {
  /** The settings in force now. */
  readonly machine: () => Omit<Machine, 'cwd'>
  /** What a test sets. */
  readonly adjust?: (prepared: Prepared) => Prepared
}

/**
 * The doctor inside a server: its own configured sources, seen from where it runs. Nothing else is contacted: no mirror of
 * the catalogue, no portal probe. Who may name another target is decided before.
 */
export class ServerDoctor {
  readonly #options: ServerDoctorOptions
  #running: Promise<Report> | undefined

  constructor(options: ServerDoctorOptions) {
    this.#options = options
  }

  /** Whoever asks while a run is under way gets that run's report. */
  report(signal: AbortSignal): Promise<Report> {
    this.#running ??= this.#configured().finally(() => {
      this.#running = undefined
    })
    const left = new Promise<never>((_, reject) => {
      if (signal.aborted) reject(signal.reason)
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
    return Promise.race([this.#running, left])
  }

  /** Undefined when the text names no address. */
  async reportOn(target: string, signal: AbortSignal): Promise<Report | undefined> {
    const prepared = await this.#prepare(this.#machine())
    const given = givenTarget(target, Object.values(prepared.catalogues))
    return given === undefined ? undefined : this.#examine(prepared, [given], signal)
  }

  async #configured(): Promise<Report> {
    const machine = this.#machine()
    const { config, origins } = machine.loaded
    const names = machine.go?.found === true ? machine.go.databaseNames : []
    return this.#examine(
      await this.#prepare(machine),
      configuredTargets(config, origins, names),
      new AbortController().signal,
    )
  }

  #machine(): Machine {
    return { ...this.#options.machine(), cwd: undefined }
  }

  async #prepare(machine: Machine): Promise<Prepared> {
    return (this.#options.adjust ?? ((same: Prepared) => same))(await prepare(machine))
  }

  async #examine(prepared: Prepared, targets: readonly Target[], signal: AbortSignal): Promise<Report> {
    const { env, ...rest } = prepared
    const diagnosis = await diagnose({
      ...rest,
      targets,
      routeTo: () => ({ env, setBy: {} }),
      spares: [],
      settings: () => collectSettings({ env, cwd: undefined }, targets),
      onProgress: () => undefined,
      signal,
    })
    return reportOf(diagnosis, 'en')
  }
}
