/** Every bound of a measurement, in one place. */

export interface MeasuringLimits {
  /** Samples of each kind from each mirror, in turn with the others. @default 3 */
  readonly rounds: number
  /** Bodies received from one mirror in one run, together. @default 8 MiB */
  readonly bytesPerMirror: number
  /** For one small document, redirects included. @default 8000 */
  readonly smallMs: number
  /** How long one sample of throughput may take; what came until then counts. @default 4000 */
  readonly sampleMs: number
  /** For each of DNS, TCP and TLS. @default 3000 */
  readonly stepMs: number
  /** For a whole run; what was not measured until then is told as such. @default 90000 */
  readonly runMs: number
}

export const measuringLimits: MeasuringLimits = {
  rounds: 3,
  bytesPerMirror: 8 * 2 ** 20,
  smallMs: 8000,
  sampleMs: 4000,
  stepMs: 3000,
  runMs: 90_000,
}
