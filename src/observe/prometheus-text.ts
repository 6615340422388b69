/** The Prometheus text exposition format, version 0.0.4. */

export const PROMETHEUS_MEDIA_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

export interface Sample {
  /** Follows the family's name: empty, `_bucket`, `_sum`, `_count`. */
  readonly suffix: string
  /** Label text without braces, escaped already. */
  readonly labels: string
  readonly value: number
}

export function renderFamily(name: string, type: string, help: string, samples: Iterable<Sample>): string {
  let text = `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n`
  for (const { suffix, labels, value } of samples) {
    text += `${name}${suffix}${labels === '' ? '' : `{${labels}}`} ${formatValue(value)}\n`
  }
  return text
}

export function labelText(names: readonly string[], values: readonly string[]): string {
  return names.map((name, i) => `${name}="${escapeValue(values[i] ?? '')}"`).join(',')
}

export function formatValue(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (value === Infinity) return '+Inf'
  if (value === -Infinity) return '-Inf'
  return String(value)
}

function escapeValue(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')
}
