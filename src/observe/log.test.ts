import { describe, expect, test } from 'bun:test'
import { stripVTControlCharacters } from 'node:util'
import { LineWriter } from './line-writer.ts'
import { createLogger, type Logger, type LoggerOptions } from './log.ts'
import { mask } from './mask.ts'
import { clockTime } from './terminal-text.ts'

const AT = Date.UTC(2026, 10, 22, 10, 20, 30, 456)

async function said(say: (log: Logger) => void, options: Partial<LoggerOptions> = {}): Promise<string> {
  let text = ''
  const writer = new LineWriter({
    sink: async (batch) => {
      text += batch
    },
  })
  say(createLogger({ format: 'text', writer, mask, now: () => AT, ...options }))
  await writer.flush()
  return text
}

const everything = (log: Logger) => {
  log.info('ready', { objects: 3, rebuilding: false, skipped: undefined })
  log.warn('slow source', { source: 'goproxy.cn', reason: 'no answer in 20 s' })
  log.error('cannot keep', { error: Object.assign(new Error('disk full'), { code: 'store.full' }) })
  log.security('wrong bytes', { source: 'mirror.example' })
}

describe('Logger', () => {
  test('text', async () => {
    const time = clockTime(AT)
    expect(await said(everything)).toBe(
      [
        `${time} info     ready objects=3 rebuilding=false`,
        `${time} warn     slow source source=goproxy.cn reason="no answer in 20 s"`,
        `${time} error    cannot keep error="store.full: disk full"`,
        `${time} SECURITY wrong bytes source=mirror.example`,
        '',
      ].join('\n'),
    )
  })

  test('colour changes nothing but colour', async () => {
    const colored = await said(everything, { color: true })
    expect(colored).toContain('\x1b[1;37;41mSECURITY')
    expect(stripVTControlCharacters(colored)).toBe(await said(everything))
  })

  test('json, in which a field cannot pose as the level', async () => {
    const text = await said((log) => log.warn('a\nb', { level: 'info', source: 'x', ms: 2 }), {
      format: 'json',
    })
    expect(
      text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([{ time: '2026-11-22T10:20:30.456Z', level: 'warn', message: 'a\nb', source: 'x', ms: 2 }])
  })

  test('off keeps what must not be missed', async () => {
    const text = await said(everything, { format: 'off' })
    expect(text.split('\n').map((line) => line.slice(9, 17).trim())).toEqual(['error', 'SECURITY', ''])
  })

  test.each(['text', 'json'] as const)(
    '%s: masks secrets, and keeps strangers on one line',
    async (format) => {
      const text = await said(
        (log) =>
          log.error('https://u:hunter2@h.example\x1b[2J\nx', {
            header: 'Authorization: Bearer abc',
            error: new Error('?token=zzz'),
          }),
        { format },
      )
      expect(text).not.toMatch(/hunter2|abc|zzz/)
      expect(text).not.toContain('\x1b')
      expect(text.trimEnd().split('\n')).toHaveLength(1)
    },
  )
})
