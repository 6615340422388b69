import type { Socket } from 'node:net'
import { mask } from '../../observe/mask.ts'
import { printable } from '../../observe/terminal-text.ts'
import { errorCode } from '../../upstream/failure.ts'
import type { ExchangeFact } from '../evidence.ts'
import { BodyReader, type Head, readHead } from './http-answer.ts'
import { printableLine } from './printable-line.ts'

export interface ExchangeRequest {
  /** Connected, with TLS where the address wants it; closed afterwards. */
  readonly socket: Socket
  readonly url: URL
  /** An absolute address in the request line, for an http proxy. */
  readonly absolute?: boolean
  readonly headers: Readonly<Record<string, string>>
  readonly mostBytes: number
  readonly firstByteMs: number
  readonly stallMs: number
  /** A body that still comes after this long is broken off; what came is measured. */
  readonly transferMs: number
  readonly nowMs: () => number
  readonly signal: AbortSignal
}

export interface Exchanged {
  readonly fact: Omit<ExchangeFact, 'probe' | 'purpose' | 'host'>
  /** The `Location` header as it came, with its secrets: to be followed, never to be recorded. */
  readonly location: string | undefined
  /** The whole body; empty when it did not come whole. */
  readonly body: Buffer
  readonly tookMs: number
}

const mostHeadBytes = 65_536
const sampleMs = 250

/** One GET over a connection of its own, watched byte by byte (RFC 9112). Never throws. */
export function exchange(request: ExchangeRequest): Promise<Exchanged> {
  const { socket, url, signal, nowMs } = request
  const began = performance.now()
  return new Promise((resolve) => {
    let raw = Buffer.alloc(0)
    let head: Head | undefined
    let body: BodyReader | undefined
    let firstByteAt: number | undefined
    let timer: NodeJS.Timeout | undefined
    let whole: NodeJS.Timeout | undefined
    const samples: number[] = []

    const settle = (outcome: ExchangeFact['outcome'], code?: string) => {
      clearTimeout(timer)
      clearTimeout(whole)
      signal.removeEventListener('abort', stop)
      socket.removeAllListeners('data')
      socket.destroy()
      const bytes = body?.bytes() ?? Buffer.alloc(0)
      resolve({
        fact: {
          outcome,
          url: maskedUrl(url),
          ...(head === undefined ? {} : describeHead(head, nowMs())),
          ...(firstByteAt === undefined ? {} : { firstByteMs: firstByteAt - began }),
          bodyBytes: body?.receivedBytes ?? 0,
          ...(body?.declaredBytes === undefined ? {} : { declaredBytes: body.declaredBytes }),
          ...describeBody(bytes, head),
          ...(samples.length > 0 ? { bytesPerQuarterSecond: samples } : {}),
          ...(code === undefined ? {} : { code }),
          ...(outcome === 'not-http' ? { snippet: printableLine(raw) } : {}),
        },
        location: head?.headers.get('location'),
        body: outcome === 'answer' ? bytes : Buffer.alloc(0),
        tookMs: performance.now() - began,
      })
    }
    const stop = () => settle(head === undefined ? 'no-answer' : 'cut-off')
    const wait = (ms: number) => {
      clearTimeout(timer)
      timer = setTimeout(() => settle(head === undefined ? 'no-answer' : 'stalled'), ms)
    }
    const ended = (reset: boolean, code?: string) => {
      if (head === undefined) return settle(reset ? 'reset' : 'closed', code)
      if (body?.isWhole(!reset)) return settle('answer')
      return settle('truncated', reset ? 'ECONNRESET' : undefined)
    }

    signal.addEventListener('abort', stop, { once: true })
    wait(request.firstByteMs)
    socket.on('data', (chunk: Buffer) => {
      const at = performance.now()
      firstByteAt ??= at
      if (head === undefined) {
        raw = Buffer.concat([raw, chunk])
        const read = readHead(raw)
        if (read === 'not-http' || (read === undefined && raw.length > mostHeadBytes))
          return settle('not-http')
        if (read === undefined) return
        head = read.head
        body = new BodyReader(head, request.mostBytes)
        body.push(raw.subarray(read.length))
        whole = setTimeout(() => settle(body?.isWhole(false) ? 'answer' : 'cut-off'), request.transferMs)
      } else body?.push(chunk)
      const slot = Math.floor((at - firstByteAt) / sampleMs)
      for (let index = samples.length; index <= slot; index++) samples.push(0)
      samples[slot] = (samples[slot] ?? 0) + chunk.length
      if (body?.isFull()) return settle('cut-off')
      if (body?.isWhole(false)) return settle('answer')
      wait(request.stallMs)
    })
    socket.on('error', (error) => ended(true, errorCode(error)))
    socket.on('end', () => ended(false))
    socket.on('close', () => ended(false))
    const path = request.absolute
      ? `${url.origin}${url.pathname}${url.search}`
      : `${url.pathname}${url.search}`
    const lines = Object.entries({ Host: url.host, Connection: 'close', ...request.headers })
    socket.write(
      `GET ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`,
    )
  })
}

function describeHead({ status, headers }: Head, nowMs: number) {
  const date = Date.parse(headers.get('date') ?? '')
  const optional = {
    mediaType: headers.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase(),
    location: headers.has('location')
      ? mask(printable(headers.get('location') ?? '')).slice(0, 300)
      : undefined,
    retryAfter: headers.get('retry-after')?.slice(0, 40),
    server: headers.has('server') ? printable(headers.get('server') ?? '').slice(0, 60) : undefined,
    clockAheadMs: Number.isNaN(date) ? undefined : nowMs - date,
  }
  const present = Object.entries(optional).filter(([, value]) => value !== undefined)
  return {
    status,
    ...(Object.fromEntries(present) as Partial<{
      [K in keyof typeof optional]: NonNullable<(typeof optional)[K]>
    }>),
  }
}

function describeBody(bytes: Buffer, head: Head | undefined) {
  const start = bytes.subarray(0, 2048).toString('utf8')
  const type = head?.headers.get('content-type') ?? ''
  const isHtml =
    /^(text\/html|application\/xhtml)/i.test(type) || /^\ufeff?\s*<(!doctype\s+html|html)\b/i.test(start)
  const title = isHtml ? /<title[^>]*>([^<]{1,200})/i.exec(start)?.[1]?.trim() : undefined
  const isText = /^text\/|json|xml/i.test(type) || isHtml
  return {
    isHtml,
    ...(title === undefined ? {} : { title: mask(printable(title)).slice(0, 100) }),
    ...(isText && start !== ''
      ? { snippet: mask(printable(start.replace(/\s+/g, ' ').trim())).slice(0, 200) }
      : {}),
  }
}

function maskedUrl(url: URL): string {
  const shown = new URL(url)
  shown.username = ''
  shown.password = ''
  return mask(shown.href)
}
