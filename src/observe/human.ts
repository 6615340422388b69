/** Amounts as people read them. */

const UNITS = ['kB', 'MB', 'GB', 'TB', 'PB']

/** Decimal units, three digits: `0 B`, `999 B`, `1.6 kB`, `257 kB`, `7.0 MB`. */
export function humanBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  let value = bytes
  let unit = ''
  for (const next of UNITS) {
    if (value < 999.5) break
    value /= 1000
    unit = next
  }
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${unit}`
}

/** `0.4 ms`, `12 ms`, `1.2 s`, `75 s`, `12 min`. */
export function humanDuration(ms: number): string {
  if (ms < 9.95) return `${ms.toFixed(1)} ms`
  if (ms < 999.5) return `${Math.round(ms)} ms`
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)} s`
  if (ms < 119_500) return `${Math.round(ms / 1000)} s`
  return `${Math.round(ms / 60_000)} min`
}

/** The two largest units: `less than a minute`, `5 min`, `3 h 12 min`, `4 d 2 h`. */
export function humanUptime(ms: number): string {
  const minutes = Math.floor(ms / 60_000)
  if (minutes < 1) return 'less than a minute'
  const hours = Math.floor(minutes / 60)
  if (hours < 1) return `${minutes} min`
  const days = Math.floor(hours / 24)
  return days < 1 ? `${hours} h ${minutes % 60} min` : `${days} d ${hours % 24} h`
}
