/** The small page at `/`: what this is, that it works, and the line to copy for each client. */

import { createHash } from 'node:crypto'
import { humanBytes, humanUptime } from '../observe/human.ts'
import type { RecentRefusal } from '../observe/recent-refusals.ts'
import { clockTime } from '../observe/terminal-text.ts'
import type { SourceState } from '../upstream/upstream.ts'
import { sourcesTable } from './home-sources.ts'
import { HOME_STYLE } from './home-style.ts'
import { html, SafeHtml } from './html.ts'

export interface HomePageData {
  readonly version: string
  /** Where this client reaches us, without a slash at the end. */
  readonly baseUrl: string
  readonly uptimeMs: number
  readonly offline: boolean
  /** What sets a client up, and what undoes it; both may have several lines. */
  readonly ecosystems: readonly { readonly id: string; readonly line: string; readonly undo: string }[]
  readonly stats: HomeStats
  /** Newest first; undefined for a reader who may not see what others asked for. */
  readonly refusals: readonly RecentRefusal[] | undefined
  /** Undefined for a reader who may not see where packages come from. */
  readonly sources: readonly SourceState[] | undefined
}

/** Requests and bytes count from the start of the server. */
export interface HomeStats {
  readonly objects: number
  readonly sizeBytes: number
  readonly maxBytes: number
  readonly requests: number
  readonly hits: number
  readonly sentBytes: number
  readonly fetchedBytes: number
}

export interface HomePage {
  readonly html: string
  /** The value of `Content-Security-Policy` that the page needs; it allows this page's own style and script. */
  readonly csp: string
}

/** The lines work without the script, which only adds the buttons' doing. */
const SCRIPT = `
document.documentElement.classList.add('js')
addEventListener('click', async ({ target }) => {
  if (!(target instanceof HTMLButtonElement)) return
  const line = target.previousElementSibling
  try {
    await navigator.clipboard.writeText(line.textContent)
  } catch {
    getSelection().selectAllChildren(line)
    if (!document.execCommand('copy')) return
  }
  const label = target.textContent
  target.textContent = 'Copied'
  setTimeout(() => { target.textContent = label }, 1500)
})
`

const ICON =
  'data:image/svg+xml,%3Csvg xmlns=%27http://www.w3.org/2000/svg%27 viewBox=%270 0 16 16%27%3E%3Crect width=%2716%27 height=%2716%27 rx=%273%27 fill=%27%23b5301c%27/%3E%3Cpath d=%27M4 8h7M8 5l3 3-3 3%27 stroke=%27%23fff8ee%27 stroke-width=%271.8%27 fill=%27none%27/%3E%3C/svg%3E'

const source = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

const CSP = [
  "default-src 'none'",
  `style-src ${source(HOME_STYLE)}`,
  `script-src ${source(SCRIPT)}`,
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const NAMES: Readonly<Record<string, string>> = {
  go: 'Go',
  npm: 'npm',
  pypi: 'Python (pip)',
  cargo: 'Rust (Cargo)',
  maven: 'Java (Maven)',
}

/** Pure; everything in `data` is escaped. */
export function homePage(data: HomePageData): HomePage {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Posthaste</title>
<link rel="icon" href="${new SafeHtml(ICON)}">
<style>${new SafeHtml(HOME_STYLE)}</style>
</head>
<body>
<main>
<header>
<div class="seal" lang="zh-Hans" aria-hidden="true">驿</div>
<div><h1>Posthaste</h1><p class="lead">Packages, posthaste: a caching relay for package managers.</p></div>
</header>
<div class="about">
<p>It answers your package manager from its own store. What it does not hold yet, it fetches once, proves, and keeps, so that the next build is fast, and works with the network gone.</p>
<p lang="zh-Hans">软件包的驿站：取一次，验真，存好；下次构建更快，断网也能用。</p>
</div>
<p class="state"><strong>${data.offline ? 'Running offline' : 'Running'}</strong> <span>for ${humanUptime(data.uptimeMs)}</span> <span>at ${data.baseUrl}</span></p>
${figures(data.stats)}
<h2>Use it<span lang="zh-Hans">复制一行即可使用</span></h2>
${clients(data)}
${sourcesTable(data.sources)}
${refused(data)}
<footer><span>Posthaste ${data.version}</span> <a href="/metrics">Metrics</a> <a href="/healthz">Health</a> <a href="/readyz">Readiness</a></footer>
</main>
<script>${new SafeHtml(SCRIPT)}</script>
</body>
</html>
`
  return { html: page.text, csp: CSP }
}

function figures(stats: HomeStats): SafeHtml {
  const { requests, hits, sentBytes, fetchedBytes } = stats
  const share = requests === 0 ? 'none yet' : `${percent(hits, requests)} from the store`
  const saved = sentBytes === 0 ? 'none yet' : `${humanBytes(fetchedBytes)} fetched`
  return html`<dl class="figures">
<div><dt>Kept</dt><dd><b>${count(stats.objects)}</b><small>${stats.objects === 1 ? 'object' : 'objects'}</small></dd></div>
<div><dt>Disk</dt><dd><b>${humanBytes(stats.sizeBytes)}</b><small>of ${humanBytes(stats.maxBytes)}</small>${gauge(stats)}</dd></div>
<div><dt>Requests</dt><dd><b>${count(requests)}</b><small>${share}</small></dd></div>
<div><dt>Sent</dt><dd><b>${humanBytes(sentBytes)}</b><small>${saved}</small></dd></div>
</dl>`
}

function gauge({ sizeBytes, maxBytes }: HomeStats): SafeHtml {
  const filled = maxBytes > 0 ? Math.min(100, (100 * sizeBytes) / maxBytes) : 0
  return html`<svg class="gauge" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true"><rect width="${filled.toFixed(2)}" height="1"/></svg>`
}

function clients({ ecosystems }: HomePageData): SafeHtml {
  if (ecosystems.length === 0) return html`<p>No ecosystem is switched on.</p>`
  const cards = ecosystems.map(({ id, line, undo }) => {
    const name = Object.hasOwn(NAMES, id) ? (NAMES[id] ?? id) : id
    return html`<section class="client">
<h3>${name}</h3>
<div class="line"><pre>${line}</pre><button type="button" aria-label="Copy the line for ${name}">Copy</button></div>
<p class="undo">To undo it:</p>
<div class="line"><pre>${undo}</pre><button type="button" aria-label="Copy the line that undoes it for ${name}">Copy</button></div>
</section>
`
  })
  return html`${cards}`
}

function refused({ refusals }: HomePageData): SafeHtml {
  if (refusals === undefined) {
    return html`<p class="hidden">What was refused, and why, is shown on the server's own machine, and in its log.</p>`
  }
  if (refusals.length === 0) return html``
  const rows = refusals.map(({ atMs, what, status, reason, times }) => {
    const again = times === 1 ? '' : `, ${times} times`
    return html`<li><p class="what"><time datetime="${new Date(atMs).toISOString()}">${clockTime(atMs)}</time> <b>${status}</b> <code>${what}</code>${again}</p><p>${reason}</p></li>
`
  })
  return html`<h2>Refused of late<span lang="zh-Hans">最近的拒绝与原因</span></h2>
<ol class="refused">
${rows}</ol>`
}

const count = (value: number): string => value.toLocaleString('en')

/** Never rounded up to 100 % while a part is missing. */
function percent(part: number, whole: number): string {
  return `${Math.floor((100 * part) / whole)} %`
}
