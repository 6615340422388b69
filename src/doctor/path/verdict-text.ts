/** A verdict for people. */
export interface VerdictWords {
  readonly message: string
  /** What to do; absent where there is nothing to do. */
  readonly fix?: string
}

/** Where the trace went, for the words. */
export interface TracedTarget {
  readonly host: string
  readonly address: string
  readonly port: number
  readonly protocol: 'tcp' | 'udp' | 'icmp'
}

/** `12.5`, `0.3`, `180`: as precise as a round trip deserves. */
export function milliseconds(ms: number): string {
  return ms < 100 ? ms.toFixed(1) : String(Math.round(ms))
}

export function percent(share: number): string {
  return `${share < 10 && share % 1 !== 0 ? share.toFixed(1) : Math.round(share)} %`
}
