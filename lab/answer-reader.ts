export interface Target {
  readonly host: string
  readonly hostname: string
  readonly port: number
  readonly path: string
}

export function targetOf(address: string): Target {
  const url = new URL(address)
  return { host: url.host, hostname: url.hostname, port: Number(url.port), path: url.pathname + url.search }
}

export const requestFor = (target: Target) =>
  Buffer.from(`GET ${target.path} HTTP/1.1\r\nHost: ${target.host}\r\n\r\n`)

/** Splits off the header of one answer; what follows is body as it came. */
export class AnswerReader {
  status = 0
  contentLength = Number.NaN
  #head: Buffer | undefined = Buffer.alloc(0)

  body(chunk: Buffer): Buffer | undefined {
    if (!this.#head) return chunk
    this.#head = Buffer.concat([this.#head, chunk])
    const end = this.#head.indexOf('\r\n\r\n')
    if (end < 0) return undefined
    const text = this.#head.toString('latin1', 0, end)
    this.status = Number(text.slice(9, 12))
    this.contentLength = Number(/\r\ncontent-length: *(\d+)/i.exec(text)?.[1] ?? Number.NaN)
    const rest = this.#head.subarray(end + 4)
    this.#head = undefined
    return rest
  }
}
