import { describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { type HomePageData, homePage } from './home-page.ts'

const data: HomePageData = {
  version: '0.1.0',
  baseUrl: 'http://127.0.0.1:7678',
  uptimeMs: 11_520_000,
  offline: false,
  ecosystems: [
    {
      id: 'go',
      line: "go env -w GOPROXY='http://127.0.0.1:7678/go|direct'",
      undo: 'go env -u GOPROXY',
    },
  ],
  stats: {
    objects: 12_345,
    sizeBytes: 5_000_000_000,
    maxBytes: 20_000_000_000,
    requests: 1000,
    hits: 999,
    sentBytes: 7_000_000,
    fetchedBytes: 1600,
  },
  sources: undefined,
  refusals: [
    {
      atMs: Date.UTC(2026, 0, 2, 3, 4, 5),
      what: 'GET /go/m.example/x/@v/v1.0.0.info',
      status: 502,
      reason: 'a.example is down',
      times: 3,
    },
  ],
}

/** What a person reads: tags gone, entities back. */
const read = (page: string) =>
  page
    .replace(/<(style|script)>[\s\S]*?<\/\1>/g, '')
    .replace(/<[^>]+>/g, ' ')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')

describe('homePage', () => {
  test('says what it is, that it works, and the lines to copy', () => {
    const text = read(homePage(data).html).replace(/\s+/g, ' ')
    expect(text).toContain('a caching relay for package managers')
    expect(text).toContain('软件包的驿站')
    expect(text).toContain('Running for 3 h 12 min at http://127.0.0.1:7678')
    expect(text).toContain("go env -w GOPROXY='http://127.0.0.1:7678/go|direct'")
    expect(text).toContain('go env -u GOPROXY')
    expect(text).toContain('12,345 objects')
    expect(text).toContain('5.0 GB of 20 GB')
    expect(text).toContain('1,000 99 % from the store')
    expect(text).toContain('7.0 MB 1.6 kB fetched')
    expect(text).toContain('Posthaste 0.1.0')
  })

  test('tells what was refused and why', () => {
    const text = read(homePage(data).html).replace(/\s+/g, ' ')
    expect(text).toContain('502 GET /go/m.example/x/@v/v1.0.0.info , 3 times a.example is down')
    expect(homePage(data).html).toContain('datetime="2026-01-02T03:04:05.000Z"')
  })

  test('shows no stranger what others asked for', () => {
    const text = read(homePage({ ...data, refusals: undefined }).html)
    expect(text).not.toContain('m.example')
    expect(text).toContain("on the server's own machine")
  })

  test('has figures also before the first request', () => {
    const { html } = homePage({
      ...data,
      offline: true,
      ecosystems: [],
      refusals: [],
      stats: { objects: 0, sizeBytes: 0, maxBytes: 0, requests: 0, hits: 0, sentBytes: 0, fetchedBytes: 0 },
    })
    expect(html).not.toMatch(/NaN|Infinity|undefined/)
    expect(read(html)).toContain('Running offline')
    expect(read(html)).toContain('No ecosystem is switched on')
  })

  test('the policy allows exactly the style and the script that the page has', () => {
    const { html, csp } = homePage(data)
    const hash = (text = '') => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
    const [, style] = /<style>([\s\S]*?)<\/style>/.exec(html) ?? []
    const [, script] = /<script>([\s\S]*?)<\/script>/.exec(html) ?? []
    expect(csp).toContain(`style-src ${hash(style)};`)
    expect(csp).toContain(`script-src ${hash(script)};`)
    expect(csp).toStartWith("default-src 'none';")
    expect(csp).not.toContain('unsafe')
    expect(html).not.toMatch(/ (style|on[a-z]+)=/)
  })

  test('loads nothing from anywhere', () => {
    const { html } = homePage(data)
    for (const [, address = ''] of html.matchAll(/(?:src|href|url)\s*[=(]\s*["']?([^"')\s]+)/g)) {
      expect(address).toMatch(/^(data:image|\/[a-z]+$)/)
    }
  })

  test('property: whatever the data says, it adds no tag', () => {
    const tags = (page: string) => page.match(/<[a-z!/]/gi)?.length
    const nasty = fc.oneof(
      fc.string(),
      fc.constantFrom('<script>alert(1)</script>', '"><img src=x>', "'&<!--"),
    )
    const expected = tags(homePage(data).html)
    const texts = fc.tuple(nasty, nasty, nasty, nasty, nasty, nasty, nasty)
    fc.assert(
      fc.property(texts, ([version, baseUrl, id, line, undo, what, reason]) => {
        const refusals = [{ atMs: 1, what, status: 404, reason, times: 1 }]
        const { html } = homePage({ ...data, version, baseUrl, ecosystems: [{ id, line, undo }], refusals })
        expect(tags(html)).toBe(expected)
        expect(html.match(/"/g)?.length).toBe(homePage(data).html.match(/"/g)?.length)
      }),
    )
  })
})
