/** One answer: its head, and its body as bytes that somebody pulls. */

import type { Connection } from './connection.ts'
import { asUpstreamError } from './failure.ts'
import { BodyReader, type Framing } from './http-body.ts'
import type { ResponseHead } from './http-head.ts'
import type { UpstreamLimits } from './limits.ts'

/** Bytes on their way; ends by `undefined`, throws UpstreamError, and is given up by `discard`. */
export interface ByteSource {
  next(): Promise<Uint8Array | undefined>
  discard(): void
}

export interface HttpResponse {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  /** Where the answer came from in the end. */
  readonly url: URL
  readonly sizeBytes: number | undefined
  readonly body: ByteSource
}

interface ResponseParts {
  readonly url: URL
  readonly head: ResponseHead
  readonly connection: Connection
  readonly framing: Framing
  readonly limits: UpstreamLimits
  readonly done: (reusable: boolean) => void
}

/** The body frees its connection at its end, at its failure, and when it is discarded. */
export function responseOf({ url, head, connection, framing, limits, done }: ResponseParts): HttpResponse {
  const reader = new BodyReader(connection, framing, limits)
  let left = false
  const leave = (reusable: boolean) => {
    if (left) return
    left = true
    done(reusable)
  }
  const body: ByteSource = {
    async next() {
      try {
        const chunk = await reader.next()
        if (chunk === undefined) leave(head.keepAlive && framing.kind !== 'close')
        return chunk
      } catch (error) {
        leave(false)
        throw asUpstreamError(error, url.host)
      }
    },
    discard: () => leave(false),
  }
  const sizeBytes = framing.kind === 'length' ? framing.sizeBytes : undefined
  return { status: head.status, headers: head.headers, url, sizeBytes, body }
}
