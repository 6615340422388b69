import {
  bodies,
  type DoctorLab,
  except,
  honest,
  labLimits,
  mediumFile,
  paths,
  smallFile,
  target,
} from './doctor-lab.ts'
import type { FaultRow } from './fault-row.ts'
import { answer, type LabHandler } from './lab-server.ts'
import * as pypi from './pypi-index.ts'

const html = { 'Content-Type': 'text/html' }
const page = (title: string) =>
  `<!doctype html><html><head><title>${title}</title></head><body>${title}</body></html>`
const files = [paths.small, paths.medium]

/** A source that answers like this, and an honest control. */
async function withHandler(lab: DoctorLab, handler: LabHandler) {
  return [
    target(await lab.serve('source.example', { handler })),
    target(await lab.serve('control.example'), 'control'),
  ]
}

const row = (fault: string, verdicts: FaultRow['verdicts'], handler: LabHandler): FaultRow => ({
  fault,
  verdicts,
  inject: async (lab) => lab.examine(await withHandler(lab, handler)),
})

const status =
  (code: number, more: { headers?: Record<string, string>; body?: string } = {}): LabHandler =>
  (_, socket) =>
    answer(socket, { status: code, ...more })

/** Sends the head of a whole answer, and of the body only so much. Knows ranges, as honest servers do. */
const partly = (...how: Parameters<typeof partlyAlways>): LabHandler => {
  const cut = partlyAlways(...how)
  return (request, socket) => (request.headers.has('range') ? honest : cut)(request, socket)
}

const partlyAlways =
  (bytes: number, framing: 'length' | 'chunked' | 'close', end: 'fin' | 'rst' | 'never'): LabHandler =>
  (_, socket) => {
    const head = {
      length: `Content-Length: ${mediumFile.length}`,
      chunked: 'Transfer-Encoding: chunked',
      close: 'X: y',
    }[framing]
    const body = mediumFile.subarray(0, bytes)
    socket.write(`HTTP/1.1 200 OK\r\n${head}\r\nConnection: close\r\n\r\n`)
    if (framing === 'chunked') socket.write(`${bytes.toString(16)}\r\n`)
    socket.write(body, () => {
      if (end === 'fin') socket.end()
      if (end === 'rst') setTimeout(() => socket.destroy(), 50)
    })
  }

/** So many bytes every 50 ms. */
const slowly =
  (bytesPerStep: number): LabHandler =>
  (_, socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${mediumFile.length}\r\nConnection: close\r\n\r\n`)
    let at = 0
    const timer = setInterval(() => {
      if (socket.destroyed) return clearInterval(timer)
      socket.write(mediumFile.subarray(at, at + bytesPerStep))
      at += bytesPerStep
      if (at >= mediumFile.length) {
        clearInterval(timer)
        socket.end()
      }
    }, 50)
    socket.on('close', () => clearInterval(timer))
  }

const later =
  (ms: number, handler: LabHandler): LabHandler =>
  (request, socket) =>
    void setTimeout(() => socket.destroyed || handler(request, socket), ms)

export const httpFaults: readonly FaultRow[] = [
  row(
    'a filter answers 403 with a page',
    ['block.page'],
    status(403, { headers: html, body: page('Access denied by policy') }),
  ),
  row(
    'a filter answers 451 with a page',
    ['block.page'],
    status(451, { headers: html, body: page('Unavailable') }),
  ),
  row(
    'the server wants a login (401)',
    ['http.login_page'],
    status(401, { headers: { 'WWW-Authenticate': 'Basic' } }),
  ),
  row(
    'a login page with status 200',
    ['http.login_page'],
    status(200, { headers: html, body: page('Sign in to continue') }),
  ),
  row(
    'the mirror refuses with its own page',
    ['mirror.forbidden'],
    status(403, { headers: html, body: page('mirror: identifier 4711, too much traffic') }),
  ),
  row('the mirror refuses unknown programs', ['mirror.forbidden (user_agent)'], (request, socket) =>
    request.headers.get('user-agent')?.startsWith('Go-http-client')
      ? honest(request, socket)
      : answer(socket, { status: 403, body: 'no' }),
  ),
  row('the mirror answers 429', ['mirror.ratelimited'], status(429, { headers: { 'Retry-After': '30' } })),
  row(
    'the mirror answers 503 with Retry-After',
    ['mirror.ratelimited'],
    status(503, { headers: { 'Retry-After': '30' } }),
  ),
  row('the path was given up (418)', ['mirror.retired'], status(418)),
  {
    fault: 'the mirror does not relay the checksum database, which is out of reach',
    verdicts: ['mirror.missing_cap', 'tcp.refused'],
    inject: async (lab) => {
      const targets = await withHandler(lab, except(paths.supported, status(404)))
      const database = lab.name('sum.example', { port: 1 })
      return lab.examine([...targets, target(database, 'database')], { sumdbName: 'sum.example' })
    },
  },
  row(
    'the mirror lacks the newest five versions',
    ['mirror.stale'],
    except(paths.list, (_, socket) =>
      answer(socket, { body: Array.from({ length: 15 }, (_, index) => `v1.${index}.0\n`).join('') }),
    ),
  ),
  row(
    'the mirror answers 403 for a package that it does not have',
    ['mirror.wrong_missing'],
    (request, socket) =>
      request.path in bodies ? honest(request, socket) : answer(socket, { status: 403, body: 'no' }),
  ),
  row(
    'answers break off, and the mirror sends whole files for ranges',
    ['http.truncated', 'mirror.no_ranges'],
    except(paths.medium, partlyAlways(200_000, 'length', 'fin')),
  ),
  {
    fault: 'the index announces metadata files that are not there',
    verdicts: ['mirror.metadata_absent'],
    inject: (lab) => pypi.examine(lab, pypi.handler({ metadata: false })),
  },
  row('the server answers 502', ['http.server_error'], status(502)),
  row('the address is not a base of this kind (404)', ['http.not_found'], status(404)),
  row(
    'files are redirected to a host without a name',
    ['http.redirect'],
    except(files, status(302, { headers: { Location: 'https://files.example/x' } })),
  ),
  row(
    'files are redirected to a closed port',
    ['http.redirect'],
    except(files, status(302, { headers: { Location: 'https://127.0.0.1:1/x' } })),
  ),
  row('the server redirects to itself for ever', ['http.redirect'], (request, socket) =>
    answer(socket, { status: 302, headers: { Location: `${request.path}x` } }),
  ),
  row('the server takes the request and says nothing', ['http.no_answer'], () => undefined),
  row('the connection is closed before the answer', ['http.reset'], (_, socket) => void socket.destroy()),
  {
    fault: 'something that is no HTTP answers',
    verdicts: ['http.not_http'],
    inject: async (lab) => {
      const source = await lab.servePlain(
        'source.example',
        (_, socket) => void socket.end('220 mail.example ESMTP\r\n'),
      )
      return lab.examine([target(source), target(await lab.serve('control.example'), 'control')])
    },
  },
  {
    fault: 'each first byte takes 1.9 s',
    verdicts: ['http.slow_ttfb (everywhere)'],
    inject: async (lab) =>
      lab.examine(await withHandler(lab, except(paths.metadata, later(1_900, honest))), {
        limits: { ...labLimits, firstByteMs: 6_000 },
      }),
  },
  {
    fault: 'only the first request of a file waits 1.9 s',
    verdicts: ['http.slow_ttfb (server)'],
    inject: async (lab) => {
      let asked = 0
      const slowOnce: LabHandler = (request, socket) =>
        (asked++ === 0 ? later(1_900, honest) : honest)(request, socket)
      return lab.examine(await withHandler(lab, except(paths.metadata, slowOnce)), {
        limits: { ...labLimits, firstByteMs: 6_000 },
      })
    },
  },
  row('each connection is limited to 160 kB/s', ['http.throttled'], except(paths.medium, slowly(8_000))),
  row(
    'a body ends too early (Content-Length)',
    ['http.truncated'],
    except(paths.medium, partly(200_000, 'length', 'fin')),
  ),
  row(
    'a body is reset too early',
    ['http.truncated'],
    except(paths.medium, partly(200_000, 'length', 'rst')),
  ),
  row(
    'a chunked body ends without its last chunk',
    ['http.truncated'],
    except(paths.medium, partly(200_000, 'chunked', 'fin')),
  ),
  row(
    'a body without a length ends too early',
    ['integrity.mismatch'],
    except(paths.medium, partly(200_000, 'close', 'fin')),
  ),
  row(
    'a body stops and the connection stays',
    ['http.stall'],
    except(paths.medium, partly(200_000, 'length', 'never')),
  ),
  row(
    'a web page comes in place of a file',
    ['http.wrong_content'],
    except(paths.small, status(200, { headers: html, body: page('Welcome') })),
  ),
  row(
    'a file has other bytes than were published',
    ['integrity.mismatch'],
    except(paths.small, (_, socket) => answer(socket, { body: `${smallFile.toString()}// changed\n` })),
  ),
  {
    fault: 'a captive portal answers every plain request with a redirect',
    verdicts: ['captive.portal'],
    inject: async (lab) => {
      const login = { Location: 'http://login.example/hotel' }
      const portal = await lab.servePlain('portal.example', status(302, { headers: login }))
      const source = await lab.servePlain('source.example', status(302, { headers: login }))
      return lab.examine([target(source)], { portalProbe: portal })
    },
  },
]
