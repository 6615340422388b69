/**
 * A small metric registry for a hot path: what counts is a number field of an object that its user holds, so
 * that counting costs an addition. Everything else happens when somebody asks for the text.
 */

import { Histogram } from './histogram.ts'
import { labelText, renderFamily, type Sample } from './prometheus-text.ts'

export class Counter {
  value = 0
  /** `by` is never negative. */
  inc(by = 1): void {
    this.value += by
  }
}

/** One metric with labels. Hold on to what `with` gives; looking it up again costs a string. */
export class Labelled<Child> {
  readonly #labels: readonly string[]
  readonly #make: () => Child
  readonly #limit: number
  readonly #children = new Map<string, Child>()

  constructor(labels: readonly string[], make: () => Child, limit: number) {
    this.#labels = labels
    this.#make = make
    this.#limit = limit
  }

  /**
   * The child for these label values, in the order in which the labels were declared. Beyond the family's
   * limit new values all share one child, labelled `_OTHER`: a scrape never grows without bound.
   */
  with(...values: readonly string[]): Child {
    if (values.length !== this.#labels.length) {
      throw new RangeError(`expected ${this.#labels.length} label values, got ${values.length}`)
    }
    const key = labelText(this.#labels, values)
    const child = this.#children.get(key)
    if (child !== undefined) return child
    if (this.#children.size < this.#limit) return this.#add(key)
    const other = labelText(
      this.#labels,
      values.map(() => '_OTHER'),
    )
    return this.#children.get(other) ?? this.#add(other)
  }

  /** Label text and child, in the label text's order. */
  entries(): [string, Child][] {
    return [...this.#children].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  }

  #add(key: string): Child {
    const child = this.#make()
    this.#children.set(key, child)
    return child
  }
}

/** One value of a metric that is read when the text is asked for. */
export interface Reading {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

type Type = 'counter' | 'gauge' | 'histogram'
interface Family {
  readonly type: Type
  readonly help: string
  readonly samples: () => Iterable<Sample>
}

const NAME = /^[a-z][a-z0-9_]*$/
const MAX_CHILDREN = 1000

export class MetricRegistry {
  readonly #families = new Map<string, Family>()

  /** `name` ends in `_total`. */
  counter(name: string, help: string): Counter {
    const counter = new Counter()
    this.#add(name, 'counter', help, () => [{ suffix: '', labels: '', value: counter.value }])
    return counter
  }

  /** Label values come from a small fixed set: never a package's name, a version or a client. */
  counters(
    name: string,
    help: string,
    labels: readonly string[],
    limit: number = MAX_CHILDREN,
  ): Labelled<Counter> {
    const family = this.#labelled(name, labels, () => new Counter(), limit)
    this.#add(name, 'counter', help, () =>
      family.entries().map(([text, child]) => ({ suffix: '', labels: text, value: child.value })),
    )
    return family
  }

  /** A value that somebody else keeps, read when the text is asked for. What `read` throws, `render` throws. */
  observe(
    name: string,
    type: 'counter' | 'gauge',
    help: string,
    read: () => number | Iterable<Reading>,
  ): void {
    this.#add(name, type, help, () => {
      const now = read()
      if (typeof now === 'number') return [{ suffix: '', labels: '', value: now }]
      return Array.from(now, ({ labels, value }) => ({
        suffix: '',
        labels: labelText(Object.keys(labels), Object.values(labels)),
        value,
      })).sort((a, b) => (a.labels < b.labels ? -1 : 1))
    })
  }

  /** `bounds` ascend and leave the last, infinite bucket out. */
  histograms(
    name: string,
    help: string,
    labels: readonly string[],
    bounds: readonly number[],
    limit: number = MAX_CHILDREN,
  ): Labelled<Histogram> {
    const family = this.#labelled(name, labels, () => new Histogram(bounds), limit)
    this.#add(name, 'histogram', help, () => family.entries().flatMap(([text, child]) => child.samples(text)))
    return family
  }

  /** Prometheus text, version 0.0.4, in the order of names. */
  render(): string {
    const names = [...this.#families.keys()].sort()
    let text = ''
    for (const name of names) {
      const family = this.#families.get(name)
      if (family) text += renderFamily(name, family.type, family.help, family.samples())
    }
    return text
  }

  #labelled<Child>(
    name: string,
    labels: readonly string[],
    make: () => Child,
    limit: number,
  ): Labelled<Child> {
    for (const label of labels) if (!NAME.test(label)) throw new RangeError(`${name}: bad label ${label}`)
    return new Labelled(labels, make, limit)
  }

  #add(name: string, type: Type, help: string, samples: () => Iterable<Sample>): void {
    if (!NAME.test(name)) throw new RangeError(`bad metric name ${name}`)
    if (this.#families.has(name)) throw new RangeError(`metric ${name} is there already`)
    if ((type === 'counter') !== name.endsWith('_total')) {
      throw new RangeError(`${name}: counters, and only they, end in _total`)
    }
    this.#families.set(name, { type, help, samples })
  }
}
