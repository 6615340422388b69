/** HTTP dates (RFC 9110 5.6.7): one form is written, three are read. */

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const TIME = '(\\d{2}):(\\d{2}):(\\d{2})'
const IMF = new RegExp(`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\\d{2}) ([A-Z][a-z]{2}) (\\d{4}) ${TIME} GMT$`)
const RFC850 = new RegExp(
  `^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (\\d{2})-([A-Z][a-z]{2})-(\\d{2}) ${TIME} GMT$`,
)
const ASCTIME = new RegExp(`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ([A-Z][a-z]{2}) ([ \\d]\\d) ${TIME} (\\d{4})$`)

interface Fields {
  readonly year: number
  readonly month: string
  readonly day: string
  readonly time: readonly (string | undefined)[]
}

/** IMF-fixdate with whole seconds. `atMs` is milliseconds since the epoch. */
export function formatHttpDate(atMs: number): string {
  return new Date(Math.floor(atMs / 1000) * 1000).toUTCString()
}

/**
 * Milliseconds since the epoch, or undefined for anything that is not an HTTP date. `nowMs` settles the
 * century of the old two-digit form.
 */
export function parseHttpDate(text: string, nowMs: number = Date.now()): number | undefined {
  const fields = readFields(text.trim(), nowMs)
  if (fields === undefined) return undefined
  const month = MONTHS.indexOf(fields.month)
  const day = Number(fields.day)
  const [hour, minute, second] = fields.time.map(Number)
  if (month < 0 || hour === undefined || minute === undefined || second === undefined) return undefined
  if (hour > 23 || minute > 59 || second > 60) return undefined
  const atMs = Date.UTC(fields.year, month, day, hour, minute, second)
  const lands = new Date(Date.UTC(fields.year, month, day))
  return lands.getUTCMonth() === month && lands.getUTCDate() === day ? atMs : undefined
}

function readFields(text: string, nowMs: number): Fields | undefined {
  const imf = IMF.exec(text)
  if (imf) return { day: imf[1] ?? '', month: imf[2] ?? '', year: Number(imf[3]), time: imf.slice(4, 7) }
  const old = RFC850.exec(text)
  if (old) {
    const year = fullYear(Number(old[3]), nowMs)
    return { day: old[1] ?? '', month: old[2] ?? '', year, time: old.slice(4, 7) }
  }
  const asc = ASCTIME.exec(text)
  if (asc) return { month: asc[1] ?? '', day: asc[2] ?? '', year: Number(asc[6]), time: asc.slice(3, 6) }
  return undefined
}

/** More than 50 years ahead means the last century (RFC 9110 5.6.7). */
function fullYear(twoDigits: number, nowMs: number): number {
  const thisYear = new Date(nowMs).getUTCFullYear()
  const year = Math.floor(thisYear / 100) * 100 + twoDigits
  return year > thisYear + 50 ? year - 100 : year
}
