import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { connect, isIPv6 } from 'node:net'
import { errorCode } from '../../upstream/failure.ts'
import type { QueryOutcome } from '../evidence.ts'
import { type DnsAnswer, type RecordType, readAnswer, writeQuestion } from './dns-message.ts'

export interface NameServer {
  readonly address: string
  readonly port: number
}

/** `223.5.5.5`, `127.0.0.1:5353`, `[2400:3200::1]:53`. */
export function parseNameServer(text: string): NameServer {
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(text)
  const plain = /^([^:]+):(\d+)$/.exec(text)
  const match = bracketed ?? plain
  return { address: match?.[1] ?? text, port: Number(match?.[2] ?? 53) }
}

export interface Question {
  readonly server: NameServer
  readonly name: string
  readonly type: RecordType
  readonly timeoutMs: number
  /** How long to listen on after the first answer, for another one that differs. 0: not at all. */
  readonly secondAnswerMs: number
  readonly signal: AbortSignal
}

export interface ServerSaid {
  readonly outcome: QueryOutcome
  readonly addresses: readonly string[]
  readonly others: readonly (readonly string[])[]
  /** Until the first answer. */
  readonly tookMs: number
}

const responses: Readonly<Record<number, QueryOutcome>> = {
  1: 'formerr',
  2: 'servfail',
  3: 'nxdomain',
  4: 'notimp',
  5: 'refused',
}

/** Asks one server one question over UDP. Answers to other questions are passed over. Never throws. */
export function askByUdp(question: Question): Promise<ServerSaid> {
  const { server, timeoutMs, secondAnswerMs, signal } = question
  const id = crypto.getRandomValues(new Uint16Array(1))[0] ?? 1
  const began = performance.now()
  return new Promise((resolve) => {
    const socket: UdpSocket = createSocket(isIPv6(server.address) ? 'udp6' : 'udp4')
    let first: ServerSaid | undefined
    const others: (readonly string[])[] = []
    let settled = false
    const settle = (said: ServerSaid) => {
      if (settled) return
      settled = true
      clearTimeout(late)
      signal.removeEventListener('abort', stop)
      socket.close()
      resolve(said)
    }
    const without = (outcome: QueryOutcome) =>
      settle({ outcome, addresses: [], others: [], tookMs: performance.now() - began })
    const stop = () => (first === undefined ? without('silent') : settle({ ...first, others }))
    let late = setTimeout(stop, timeoutMs)
    signal.addEventListener('abort', stop, { once: true })
    socket.on('error', (error) => without(errorCode(error) === 'ECONNREFUSED' ? 'down' : 'unreachable'))
    socket.on('message', (bytes) => {
      const answer = readAnswer(bytes)
      if (answer === undefined) {
        if (first === undefined && bytes.length >= 2 && bytes.readUInt16BE(0) === id) without('malformed')
        return
      }
      if (answer.id !== id) return
      if (first === undefined) {
        first = saidOf(answer, performance.now() - began)
        if (secondAnswerMs === 0) return settle(first)
        clearTimeout(late)
        late = setTimeout(stop, secondAnswerMs)
      } else if (!sameSet(answer.addresses, first.addresses)) others.push(answer.addresses)
    })
    try {
      const bytes = writeQuestion(id, question.name, question.type)
      // Bun and Node hand a failure to this callback, and emit no 'error' then.
      socket.connect(server.port, server.address, (error?: unknown) => {
        if (error) without('unreachable')
        else if (!settled) socket.send(bytes)
      })
    } catch {
      without('unreachable')
    }
  })
}

/** The same over TCP (RFC 7766), for what did not fit, and to compare with. Never throws. */
export function askByTcp(question: Omit<Question, 'secondAnswerMs'>): Promise<ServerSaid> {
  const { server, timeoutMs, signal } = question
  const id = crypto.getRandomValues(new Uint16Array(1))[0] ?? 1
  const began = performance.now()
  return new Promise((resolve) => {
    const socket = connect(server.port, server.address)
    let bytes = Buffer.alloc(0)
    const settle = (outcome: QueryOutcome, answer?: DnsAnswer) => {
      clearTimeout(late)
      signal.removeEventListener('abort', stop)
      socket.destroy()
      const tookMs = performance.now() - began
      resolve(answer === undefined ? { outcome, addresses: [], others: [], tookMs } : saidOf(answer, tookMs))
    }
    const stop = () => settle('silent')
    const late = setTimeout(stop, timeoutMs)
    signal.addEventListener('abort', stop, { once: true })
    socket.on('error', (error) => settle(errorCode(error) === 'ECONNREFUSED' ? 'down' : 'unreachable'))
    socket.on('end', () => settle('malformed'))
    socket.on('connect', () => {
      const text = writeQuestion(id, question.name, question.type)
      socket.write(Buffer.concat([Buffer.from([text.length >> 8, text.length & 255]), text]))
    })
    socket.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk])
      if (bytes.length < 2 || bytes.length < 2 + bytes.readUInt16BE(0)) return
      const answer = readAnswer(bytes.subarray(2))
      if (answer === undefined) settle('malformed')
      else settle('answer', answer)
    })
  })
}

function saidOf(answer: DnsAnswer, tookMs: number): ServerSaid {
  const { addresses } = answer
  const failed = responses[answer.responseCode]
  const outcome =
    failed ?? (answer.truncated ? 'truncated' : addresses.length === 0 ? 'nodata' : ('answer' as const))
  return { outcome, addresses, others: [], tookMs }
}

function sameSet(left: readonly string[], right: readonly string[]): boolean {
  return left.toSorted().join() === right.toSorted().join()
}
