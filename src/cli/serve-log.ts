import { LineWriter, type LineWriterOptions } from '../observe/line-writer.ts'
import { createLogger, type Logger } from '../observe/log.ts'
import { mask } from '../observe/mask.ts'
import { createRequestLog, droppedLine, type LogFormat, type RequestLog } from '../observe/request-log.ts'

export interface ServeLogOptions {
  readonly format: LogFormat
  /** Where requests, and what a person needs at the start, are told. */
  readonly stdout: LineWriterOptions['sink']
  /** Where the server tells of itself. */
  readonly stderr: LineWriterOptions['sink']
  readonly color: boolean
  /** Columns of the terminal now; undefined when lines may have any length. */
  readonly width: () => number | undefined
}

/** The logs of a running server, whose form can change meanwhile. */
export class ServeLog {
  readonly out: LineWriter
  readonly err: LineWriter
  readonly log: Logger
  readonly requestLog: RequestLog
  readonly #options: ServeLogOptions
  #format: LogFormat
  #log: Logger
  #requestLog: RequestLog

  constructor(options: ServeLogOptions) {
    this.#options = options
    this.#format = options.format
    const dropped = (count: number) => droppedLine(this.#format)(count)
    this.out = new LineWriter({ sink: options.stdout, droppedLine: dropped })
    this.err = new LineWriter({ sink: options.stderr, droppedLine: dropped })
    this.#log = this.#createLog()
    this.#requestLog = this.#createRequestLog()
    this.log = {
      info: (message, fields) => this.#log.info(message, fields),
      warn: (message, fields) => this.#log.warn(message, fields),
      error: (message, fields) => this.#log.error(message, fields),
      security: (message, fields) => this.#log.security(message, fields),
    }
    const current = () => this.#requestLog
    this.requestLog = {
      get on() {
        return current().on
      },
      log: (entry) => current().log(entry),
    }
  }

  use(format: LogFormat): void {
    if (format === this.#format) return
    this.#format = format
    this.#log = this.#createLog()
    this.#requestLog = this.#createRequestLog()
  }

  #createLog(): Logger {
    const { color } = this.#options
    return createLogger({ format: this.#format, writer: this.err, color, mask })
  }

  #createRequestLog(): RequestLog {
    const { color, width } = this.#options
    return createRequestLog({ format: this.#format, writer: this.out, color, width, mask })
  }
}
