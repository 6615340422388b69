/** What the server has to say about itself, apart from single requests. */

import type { LineWriter } from './line-writer.ts'
import type { LogFormat } from './request-log.ts'
import { clockTime, paint, printable, type Style } from './terminal-text.ts'

export type Level = 'info' | 'warn' | 'error' | 'security'

/** Small values that say which thing is meant; an error becomes its code and message. */
export type Fields = Readonly<Record<string, string | number | boolean | Error | undefined>>

/** `security` is for what somebody did or may have done on purpose: wrong bytes, a forked database. */
export interface Logger {
  info(message: string, fields?: Fields): void
  warn(message: string, fields?: Fields): void
  error(message: string, fields?: Fields): void
  security(message: string, fields?: Fields): void
}

export interface LoggerOptions {
  /** With `off`, errors and security lines still come, as text. */
  readonly format: LogFormat
  readonly writer: LineWriter
  readonly color?: boolean
  /** Takes secrets out of a text: `mask`, or `maskOf` with the configured ones. */
  readonly mask: (text: string) => string
  readonly now?: () => number
}

/** Never blocks and never throws; a line that finds no room is counted by the writer. */
export function createLogger(options: LoggerOptions): Logger {
  const { format, writer, now = Date.now } = options
  const say = (level: Level) => (message: string, fields?: Fields) => {
    if (format === 'off' && (level === 'info' || level === 'warn')) return
    const render = format === 'json' ? renderJson : renderText
    writer.write(render({ atMs: now(), level, message, fields: plain(fields, options.mask) }, options))
  }
  return { info: say('info'), warn: say('warn'), error: say('error'), security: say('security') }
}

interface Line {
  readonly atMs: number
  readonly level: Level
  readonly message: string
  readonly fields: readonly (readonly [string, string | number | boolean])[]
}

const STYLES: Readonly<Record<Level, Style>> = {
  info: 'dim',
  warn: 'yellow',
  error: 'red',
  security: 'alarm',
}

function renderText({ atMs, level, message, fields }: Line, { color = false, mask }: LoggerOptions): string {
  const word = level === 'security' ? 'SECURITY' : level
  const tail = fields.map(([name, value]) => ` ${paint(`${name}=`, 'dim', color)}${quoted(value)}`).join('')
  const time = paint(clockTime(atMs), 'dim', color)
  return `${time} ${paint(word.padEnd(8), STYLES[level], color)} ${printable(mask(message))}${tail}`
}

function renderJson({ atMs, level, message, fields }: Line, { mask }: LoggerOptions): string {
  return JSON.stringify({
    ...Object.fromEntries(fields),
    time: new Date(atMs).toISOString(),
    level,
    message: mask(message),
  })
}

function plain(fields: Fields | undefined, mask: (text: string) => string): Line['fields'] {
  return Object.entries(fields ?? {}).flatMap(([name, value]) => {
    if (value === undefined) return []
    if (value instanceof Error) return [[name, mask(errorText(value))] as const]
    return [[name, typeof value === 'string' ? mask(value) : value] as const]
  })
}

function errorText(error: Error): string {
  const code = 'code' in error && typeof error.code === 'string' ? `${error.code}: ` : ''
  return `${code}${error.message}`
}

function quoted(value: string | number | boolean): string {
  if (typeof value !== 'string') return String(value)
  const safe = printable(value)
  return /^[^\s"=]+$/.test(safe) ? safe : `"${safe.replaceAll('"', '\\"')}"`
}
