import type { Hop, PathEvidence } from '../doctor/path/path-evidence.ts'
import { milliseconds } from '../doctor/path/verdict-text.ts'
import { confidenceWords, type Language, verdictWords } from '../doctor/path/verdict-words.ts'
import { traceWords } from './trace-words.ts'

const style = `
:root { color-scheme: light dark; --good: #1a7f37; --bad: #cf222e; --dim: #6e7781; --line: #8884 }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.3rem } .dim { color: var(--dim) }
.verdict { border-left: 4px solid var(--dim); padding: .3rem .8rem; margin: .6rem 0 }
.problem { border-color: var(--bad) } .fine { border-color: var(--good) }
.scroll { overflow-x: auto } table { border-collapse: collapse; width: 100% }
th, td { padding: .25rem .6rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap }
th:nth-child(2), td:nth-child(2) { text-align: left; white-space: normal }
td { font-variant-numeric: tabular-nums } .bad { color: var(--bad) }
svg rect { fill: currentColor } svg rect.lost { fill: var(--bad) }`

/** One page that needs nothing else, to send to a colleague or a network's operator. */
export function traceReport(path: PathEvidence, language: Language): string {
  const words = traceWords(language)
  const highest = Math.max(0, ...path.hops.flatMap(({ recentMs }) => recentMs.map((ms) => ms ?? 0)))
  const port = path.protocol === 'icmp' ? '' : ` ${path.port}`
  const facts = [
    path.address,
    `${path.protocol.toUpperCase()}${port}`,
    `IPv${path.family}`,
    words.rounds(path.rounds),
    path.startedAt,
  ]
  const verdicts = path.verdicts.map((verdict) => {
    const { message, fix } = verdictWords(verdict, path, language)
    const action = fix === undefined ? '' : `<br>${escapeHtml(words.fix)}: ${escapeHtml(fix)}`
    const sure = escapeHtml(confidenceWords(verdict.confidence, language))
    return `<div class="verdict ${verdict.outcome}">${escapeHtml(message)} <span class="dim">${verdict.id}, ${sure}</span>${action}</div>`
  })
  const limits = path.limits.map((limit) => `<p class="dim">${escapeHtml(words.limit[limit])}</p>`)
  return `<!doctype html>
<html lang="${language === 'zh' ? 'zh-Hans' : 'en'}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(`posthaste trace ${path.host}`)}</title><style>${style}</style></head><body>
<h1>posthaste trace ${escapeHtml(path.host)}</h1>
<p class="dim">${facts.map(escapeHtml).join(' · ')}</p>
${[...verdicts, ...limits].join('\n')}
<div class="scroll"><table><thead><tr>${words.columns.map((head) => `<th>${escapeHtml(head)}</th>`).join('')}</tr></thead><tbody>
${path.hops.map((hop) => row(hop, highest, words.silent)).join('\n')}
</tbody></table></div></body></html>
`
}

function row(hop: Hop, highestMs: number, silent: string): string {
  const ms = (value: number | null) => (value === null ? '–' : milliseconds(value))
  const hosts = hop.hosts.map(({ address, name, labels }) => {
    const mpls = labels.map(({ label }) => ` <span class="dim">MPLS ${label}</span>`).join('')
    return `${escapeHtml(name === undefined ? address : `${name} (${address})`)}${mpls}`
  })
  const bad = hop.isTarget && hop.lossPercent > 0 ? ' class="bad"' : ''
  const cells = [
    `<td>${hop.ttl}</td>`,
    `<td>${hosts.length === 0 ? `<span class="dim">${escapeHtml(silent)}</span>` : hosts.join('<br>')}</td>`,
    `<td${bad}>${Math.round(hop.lossPercent)}%</td>`,
    `<td>${hop.sent}</td>`,
    ...[hop.lastMs, hop.meanMs, hop.bestMs, hop.worstMs, hop.jitterMs].map(
      (value) => `<td>${ms(value)}</td>`,
    ),
    `<td>${graph(hop.recentMs, highestMs)}</td>`,
  ]
  return `<tr>${cells.join('')}</tr>`
}

function graph(recentMs: readonly (number | null)[], highestMs: number): string {
  const bars = recentMs.map((ms, index) => {
    const height = ms === null ? 20 : highestMs === 0 ? 1 : Math.max(1, Math.round((ms / highestMs) * 20))
    return `<rect${ms === null ? ' class="lost"' : ''} x="${index * 4}" y="${20 - height}" width="3" height="${height}"/>`
  })
  return `<svg width="${recentMs.length * 4}" height="20" role="img">${bars.join('')}</svg>`
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
