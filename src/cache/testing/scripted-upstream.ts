import type { SendRequest, Sent } from '../../upstream/upstream.ts'
import {
  type SourceRef,
  type Upstream,
  type UpstreamAnswer,
  UpstreamError,
  type UpstreamFailure,
  type UpstreamRequest,
} from '../../upstream/upstream.ts'

type Step = UpstreamAnswer | (() => UpstreamAnswer | Promise<UpstreamAnswer>)

/** An upstream that says what a test tells it to: one list of answers per path, one answer a `next`. */
export class ScriptedUpstream implements Upstream {
  readonly requests: UpstreamRequest[] = []
  readonly rejected: UpstreamFailure[] = []
  readonly records: { readonly source: string; readonly outcome: 'proved' | 'wrong' }[] = []
  readonly #scripts = new Map<string, Step[]>()

  /** What the walks for a path meet, in order; the last answer repeats. */
  script(path: string, ...steps: Step[]): void {
    this.#scripts.set(path, steps)
  }

  walk(request: UpstreamRequest) {
    this.requests.push(request)
    return {
      next: async (signal: AbortSignal): Promise<UpstreamAnswer> => {
        signal.throwIfAborted()
        const steps = this.#scripts.get(request.path) ?? []
        const step = steps.length > 1 ? steps.shift() : steps[0]
        if (step === undefined) throw new Error(`the test scripts no answer for ${request.path}`)
        return typeof step === 'function' ? await step() : step
      },
      reject: (failure: UpstreamFailure) => {
        this.rejected.push(failure)
      },
    }
  }

  /** What `send` answers, in order; the last repeats. */
  readonly answers: Sent[] = []
  readonly sent: SendRequest[] = []

  async send(request: SendRequest): Promise<Sent> {
    this.sent.push(request)
    const answer = this.answers.length > 1 ? this.answers.shift() : this.answers[0]
    return answer ?? { kind: 'not-configured' }
  }

  record(source: string, outcome: 'proved' | 'wrong'): void {
    this.records.push({ source, outcome })
  }

  states() {
    return []
  }

  // biome-ignore lint/correctness/useYield: there is nothing to probe
  async *probe() {
    return
  }

  async close(): Promise<void> {
    this.#scripts.clear()
  }
}

export const clean: SourceRef = { id: 'origin.example', clean: true }
export const unknown: SourceRef = { id: 'mirror.example', clean: false }

export interface FoundOptions {
  readonly source?: SourceRef
  /** The announced size; default: the true one. */
  readonly sizeBytes?: number | undefined
  readonly etag?: string
  /** Awaited before each chunk, so that a test decides how far the body has come. */
  readonly gate?: (chunk: number) => Promise<void>
  /** Thrown after the last chunk, instead of a clean end. */
  readonly breaks?: UpstreamFailure
  readonly chunkBytes?: number
}

/** A source that has it. */
export function found(bytes: Uint8Array, options: FoundOptions = {}): UpstreamAnswer {
  const { source = clean, chunkBytes = 32 * 1024 } = options
  return {
    kind: 'found',
    source,
    sizeBytes: 'sizeBytes' in options ? options.sizeBytes : bytes.byteLength,
    etag: options.etag,
    lastModified: undefined,
    mediaType: 'application/octet-stream',
    body: (async function* () {
      for (let at = 0, chunk = 0; at < bytes.byteLength; at += chunkBytes, chunk++) {
        await options.gate?.(chunk)
        yield bytes.subarray(at, at + chunkBytes)
      }
      if (options.breaks !== undefined) throw new UpstreamError(options.breaks)
    })(),
  }
}

export const missing: UpstreamAnswer = {
  kind: 'missing',
  source: clean,
  status: 404,
  text: 'not found: no such version',
}

export function failed(failure: Partial<UpstreamFailure> = {}): UpstreamAnswer {
  return { kind: 'failed', failure: { code: 'http', message: 'origin.example answered 503', ...failure } }
}
