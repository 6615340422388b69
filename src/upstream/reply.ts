/** What is asked of one source, and what its answer can be. */

import type { ByteSource } from './http-response.ts'
import type { Source } from './source-list.ts'
import type { UpstreamFailure, UpstreamRequest } from './upstream.ts'

export interface Ask {
  readonly list: string
  readonly source: Source
  readonly request: UpstreamRequest
  /** Until there is an answer. */
  readonly headMs: number
  /** The same for a source that shows meanwhile that it lives. @default `headMs` */
  readonly aliveMs?: number
  /** Continue a body that another answer began. */
  readonly from?: {
    readonly atByte: number
    /** Of the whole body; undefined only when nothing of it was delivered. */
    readonly sizeBytes: number | undefined
    readonly etag: string | undefined
  }
}

export interface FoundReply {
  readonly kind: 'found'
  readonly source: Source
  readonly host: string
  /** Of the whole identity body, when known. */
  readonly sizeBytes: number | undefined
  readonly etag: string | undefined
  readonly lastModified: string | undefined
  readonly mediaType: string
  readonly body: ByteSource
}

export type Reply =
  | FoundReply
  | { readonly kind: 'not-modified'; readonly source: Source }
  | { readonly kind: 'missing'; readonly source: Source; readonly status: 404 | 410; readonly text: string }
  | { readonly kind: 'denied'; readonly source: Source; readonly status: number; readonly text: string }
  | { readonly kind: 'failed'; readonly source: Source; readonly failure: UpstreamFailure }
