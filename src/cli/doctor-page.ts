import type { Report, Verdict } from '../doctor/report.ts'
import type { Speaker } from '../doctor/text/speak.ts'
import { html, SafeHtml } from '../http/html.ts'
import { humanDuration } from '../observe/human.ts'

const style = `:root{color-scheme:light dark;--line:#8883;--bad:#c62828;--maybe:#b26a00;--good:#2e7d32;--soft:#8881}
@media (prefers-color-scheme:dark){:root{--bad:#ff8a80;--maybe:#ffcc80;--good:#a5d6a7}}
body{font:15px/1.5 system-ui,sans-serif;max-width:68rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin:0 0 .3rem}
section{border:1px solid var(--line);border-left:4px solid var(--bad);border-radius:6px;padding:1rem;margin:1rem 0}
section.possible{border-left-color:var(--maybe)}p.healthy{color:var(--good);font-weight:600}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.3rem 1rem;margin:.5rem 0 0}dt{opacity:.7}dd{margin:0;min-width:0;overflow-wrap:anywhere}h1,h2{overflow-wrap:anywhere}
code,pre{font:13px/1.5 ui-monospace,monospace}pre{background:var(--soft);padding:.5rem;border-radius:4px;margin:.3rem 0;overflow-x:auto}
.id{opacity:.7;font-size:.9rem}table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid var(--line);padding:.25rem .5rem;text-align:left;vertical-align:top}
td{overflow-wrap:anywhere}td.n{white-space:nowrap;text-align:right}td.i{white-space:nowrap;opacity:.7}
@media (max-width:40rem){dl{display:block}dt{margin-top:.5rem}td.i,th.i{display:none}}`

/** A page that needs nothing beside itself, to be sent to a colleague. Holds no secrets: the report is masked already. */
export function doctorPage(
  report: Report,
  options: {
    readonly speaker: Speaker
    readonly language: string
    readonly version: string
    readonly at: Date
  },
): string {
  const { speaker, language, version, at } = options
  const own = report.targets.filter(({ role }) => role !== 'control')
  const names = own.map(({ address }) => address).join(', ')
  const looked = { targets: names, took: humanDuration(report.tookMs), probes: report.evidence.length }
  const summary =
    report.outcome === 'healthy'
      ? html`<p class="healthy">✓ ${speaker.ui('healthy', { targets: names })}</p>`
      : report.outcome === 'unknown'
        ? html`<p>${speaker.ui('unknown')}</p>`
        : html`<p>${speaker.ui('problems', { count: report.verdicts.length })}</p>${firstThing(report, speaker)}`
  return html`<!doctype html>
<html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${speaker.ui('reportTitle')}</title><style>${new SafeHtml(style)}</style></head>
<body><h1>${speaker.ui('reportTitle')}</h1>
${summary}
<p class="id">${speaker.ui('looked', looked)}. Posthaste ${version}, ${at.toISOString()}${report.complete ? '' : ` ${speaker.ui('incomplete')}`}</p>
${report.verdicts.map((verdict) => section(verdict, speaker))}
<h2>${speaker.ui('allEvidence')}</h2>
<table><tr><th class="i"></th><th>${speaker.ui('target')}</th><th>${speaker.ui('result')}</th><th>${speaker.ui('took')}</th></tr>
${report.evidence.map(
  (
    record,
  ) => html`<tr id="${record.id}"><td class="i">${record.id}</td><td>${record.target}</td><td>${record.text}</td><td class="n">${humanDuration(record.tookMs)}</td></tr>
`,
)}</table></body></html>
`.text
}

/** Where there are several: the one to begin with. */
function firstThing({ verdicts }: Report, speaker: Speaker): SafeHtml {
  const [first, second] = verdicts
  if (first === undefined || second === undefined) return html``
  return html`<p><strong>${speaker.ui('first')}</strong> ${first.title}</p>`
}

function section(verdict: Verdict, speaker: Speaker): SafeHtml {
  const fix = verdict.fix
    .split('\n')
    .map((line) => (line.startsWith('$ ') ? html`<pre>${line.slice(2)}</pre>` : html`<div>${line}</div>`))
  return html`<section class="${verdict.confidence}"><h2>${verdict.target}: ${verdict.title}</h2>
<div class="id">${verdict.id}, ${speaker.texts.confidence[verdict.confidence]}</div>
<dl>${verdict.foundIn === null ? '' : html`<dt>${speaker.ui('setIn')}</dt><dd>${verdict.foundIn}</dd>`}
<dt>${speaker.ui('seen')}</dt><dd>${verdict.evidence.map((line) => html`<div>${line}</div>`)}</dd>
<dt>${speaker.ui('control')}</dt><dd>${verdict.control ?? speaker.ui('noControl')}</dd>
${verdict.because === null ? '' : html`<dt>${speaker.ui('cause')}</dt><dd>${verdict.because}</dd>`}
<dt>${speaker.ui('fix')}</dt><dd>${fix}</dd></dl></section>
`
}
