/** Every wait of a run, in milliseconds, in one place. */
export interface DoctorLimits {
  /** For one question to one name server; a silent one is asked once more. */
  readonly dnsMs: number
  /** How long a name server's socket stays open for a second, different answer. */
  readonly secondAnswerMs: number
  readonly connectMs: number
  readonly tlsMs: number
  readonly firstByteMs: number
  readonly stallMs: number
  /** A medium file is measured for so long at most. */
  readonly transferMs: number
  /** Between the repetitions of a probe that failed: from the first to the second number, at random. */
  readonly pauseMs: readonly [number, number]
  /** The whole run; what is not done by then is left out, and said. */
  readonly totalMs: number
}

export const defaultLimits: DoctorLimits = {
  dnsMs: 1_500,
  secondAnswerMs: 600,
  connectMs: 4_000,
  tlsMs: 4_000,
  firstByteMs: 8_000,
  stallMs: 6_000,
  transferMs: 6_000,
  pauseMs: [300, 800],
  totalMs: 24_000,
}
