import { humanBytes, humanDuration } from '../observe/human.ts'
import { toldSources } from '../observe/told-sources.ts'
import type { ClassState, SourceState } from '../upstream/upstream.ts'
import { html, type SafeHtml } from './html.ts'

/** Where packages come from, and how each source does; nothing for a reader who may not see it. */
export function sourcesTable(sources: readonly SourceState[] | undefined): SafeHtml {
  if (sources === undefined || sources.length === 0) return html``
  const rows = toldSources(sources).map(
    (
      source,
    ) => html`<tr><td><code>${source.id}</code><small>${source.list}${source.origin ? ', the origin' : ''}</small></td>${cell(source.classes.metadata)}${cell(source.classes.blob)}<td>${humanBytes(source.bytes)}<small>${counted(source.requests, 'request')}${source.errors === 0 ? '' : `, ${counted(source.errors, 'error')}`}</small></td><td>${remark(source)}</td></tr>
`,
  )
  return html`<h2>Sources<span lang="zh-Hans">上游与镜像</span></h2>
<div class="scroll"><table class="sources">
<thead><tr><th scope="col">Source</th><th scope="col">Metadata</th><th scope="col">Archives</th><th scope="col">Received</th><th scope="col">Remarks</th></tr></thead>
<tbody>
${rows}</tbody></table></div>`
}

function cell({ state, samples, firstByteMs, bytesPerSecond }: ClassState): SafeHtml {
  if (samples === 0 && state === 'healthy') return html`<td>not used yet</td>`
  const figures = [
    ...(firstByteMs === undefined ? [] : [humanDuration(firstByteMs)]),
    ...(bytesPerSecond === undefined ? [] : [`${humanBytes(Math.round(bytesPerSecond))}/s`]),
  ]
  return html`<td><span class="${state === 'healthy' ? 'well' : 'ill'}">${state}</span><small>${figures.join(', ')}</small></td>`
}

/** What a person should know first: why it is not used, then that it lags, then that it lied once. */
function remark({ classes, lag, wrong, lastFailure }: SourceState): string {
  const leftOut = classes.metadata.leftOut ?? classes.blob.leftOut
  const ill = classes.metadata.state !== 'healthy' || classes.blob.state !== 'healthy'
  const parts = [
    ...(leftOut === undefined ? [] : [leftOut]),
    ...(ill && lastFailure !== undefined ? [lastFailure.message] : []),
    ...(lag !== undefined && lag.behind > 0
      ? [
          `${counted(lag.behind, 'version')} behind at ${lag.at}, for ${humanDuration(lag.atLeastMs)} or longer`,
        ]
      : []),
    ...(wrong > 0 ? [`sent wrong bytes ${wrong === 1 ? 'once' : `${wrong} times`}`] : []),
  ]
  return parts.join('; ')
}

function counted(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`
}
