import { formatValue, type Sample } from './prometheus-text.ts'

/** Counts of values below fixed bounds. */
export class Histogram {
  readonly #bounds: readonly number[]
  readonly #counts: number[]
  #sum = 0
  #count = 0

  /** `bounds` ascend; the last, infinite bucket is added. Throws RangeError when they do not ascend. */
  constructor(bounds: readonly number[]) {
    if (!bounds.every((bound, i) => Number.isFinite(bound) && bound > (bounds[i - 1] ?? -Infinity))) {
      throw new RangeError('the bounds of a histogram are finite and ascend')
    }
    this.#bounds = bounds
    this.#counts = bounds.map(() => 0)
  }

  /** A value on a bound counts into that bound's bucket. What is no number is not counted. */
  observe(value: number): void {
    if (Number.isNaN(value)) return
    this.#sum += value
    this.#count++
    for (let i = 0; i < this.#bounds.length; i++) {
      if (value <= (this.#bounds[i] ?? 0)) {
        this.#counts[i] = (this.#counts[i] ?? 0) + 1
        return
      }
    }
  }

  /** Cumulative, as the text format wants it; `labels` is label text without braces. */
  samples(labels: string): Sample[] {
    const prefix = labels === '' ? '' : `${labels},`
    const samples: Sample[] = []
    let below = 0
    this.#bounds.forEach((bound, i) => {
      below += this.#counts[i] ?? 0
      samples.push({ suffix: '_bucket', labels: `${prefix}le="${formatValue(bound)}"`, value: below })
    })
    samples.push({ suffix: '_bucket', labels: `${prefix}le="+Inf"`, value: this.#count })
    samples.push({ suffix: '_sum', labels, value: this.#sum })
    samples.push({ suffix: '_count', labels, value: this.#count })
    return samples
  }
}
