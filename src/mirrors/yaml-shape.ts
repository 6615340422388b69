/** Reads a YAML file against a shape; every mistake is told with its file, line and column. */

import { isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from 'yaml'
import { nearest } from '../config/nearest.ts'
import { type Problem, quote } from '../config/problem.ts'

/** Gives a value, or undefined after it reported what is wrong. */
export type Reader<T> = (place: YamlPlace) => T | undefined

export type Shape = Readonly<Record<string, { readonly read: Reader<unknown>; readonly optional?: true }>>

/** The values of a shape; an optional one may be undefined. */
export type Shaped<S extends Shape> = {
  readonly [Key in keyof S]: S[Key] extends { optional: true }
    ? Exclude<ReturnType<S[Key]['read']>, undefined> | undefined
    : Exclude<ReturnType<S[Key]['read']>, undefined>
}

/** More is no catalogue but a mistake. */
const maxCharacters = 1024 * 1024

/** A value in a file, with what is needed to complain about it. */
export class YamlPlace {
  readonly #node: unknown
  readonly #offset: number
  readonly #key: string
  readonly #file: YamlFile

  constructor(file: YamlFile, node: unknown, offset: number, key: string) {
    this.#file = file
    this.#node = node
    this.#key = key
    this.#offset = isNode(node) ? (node.range?.[0] ?? offset) : offset
  }

  get where(): string {
    return this.#file.place(this.#offset)
  }

  wrong(expected: string, hint?: string): undefined {
    const raw = isScalar(this.#node) ? this.#node.value : isSeq(this.#node) ? [] : isMap(this.#node) ? {} : ''
    const name = this.#key === '' ? '' : `${this.#key}: `
    this.report(`${name}expected ${expected}, got ${quote(raw, false)}`, hint)
    return undefined
  }

  report(message: string, hint?: string): void {
    this.#file.problems.push({ where: this.where, key: this.#key || undefined, message, hint })
  }

  scalar(): unknown {
    return isScalar(this.#node) ? this.#node.value : undefined
  }

  /** The values of a map with exactly these keys, or undefined when any of them is wrong. */
  map<S extends Shape>(shape: S): Shaped<S> | undefined {
    if (!isMap(this.#node)) return this.wrong(`a map of ${Object.keys(shape).join(', ')}`)
    const before = this.#file.problems.length
    const values: Record<string, unknown> = {}
    const seen = new Set<string>()
    for (const [name, value, keyPlace] of this.#entries()) {
      const field = Object.hasOwn(shape, name) ? shape[name] : undefined
      if (field === undefined) {
        const near = nearest(name, Object.keys(shape))
        keyPlace.report(`unknown key '${name}'`, near === undefined ? undefined : `did you mean ${near}?`)
        continue
      }
      seen.add(name)
      values[name] = field.read(value)
    }
    for (const [name, { optional }] of Object.entries(shape)) {
      if (!optional && !seen.has(name)) this.report(`'${name}' is missing`)
      if (!seen.has(name)) values[name] = undefined
    }
    return this.#file.problems.length === before ? (values as Shaped<S>) : undefined
  }

  /** Keys as they stand, for a map whose keys are free. */
  record<T>(read: Reader<T>): Record<string, T> | undefined {
    if (!isMap(this.#node)) return this.wrong('a map')
    const values: Record<string, T> = {}
    for (const [name, value] of this.#entries()) {
      const parsed = read(value)
      if (parsed !== undefined) values[name] = parsed
    }
    return values
  }

  /** The items that could be read; each wrong one has been reported. */
  items<T>(read: Reader<T>): T[] | undefined {
    if (!isSeq(this.#node)) return this.wrong('a list')
    return this.#node.items.flatMap((item, index) => {
      const value = read(new YamlPlace(this.#file, item, this.#offset, `${this.#key}[${index}]`))
      return value === undefined ? [] : [value]
    })
  }

  *#entries(): Generator<[name: string, value: YamlPlace, key: YamlPlace]> {
    if (!isMap(this.#node)) return
    for (const pair of this.#node.items) {
      const key = isScalar(pair.key) ? String(pair.key.value) : '?'
      const offset = isNode(pair.key) ? (pair.key.range?.[0] ?? this.#offset) : this.#offset
      const path = this.#key === '' ? key : `${this.#key}.${key}`
      yield [
        key,
        new YamlPlace(this.#file, pair.value, offset, path),
        new YamlPlace(this.#file, pair.key, offset, path),
      ]
    }
  }
}

class YamlFile {
  readonly problems: Problem[] = []
  readonly #name: string
  readonly #lines = new LineCounter()

  constructor(name: string) {
    this.#name = name
  }

  place(offset: number): string {
    const { line, col } = this.#lines.linePos(offset)
    return `${this.#name}:${Math.max(line, 1)}:${Math.max(col, 1)}`
  }

  root(text: string): YamlPlace | undefined {
    if (text.length > maxCharacters) {
      this.problems.push({
        where: `${this.#name}:1:1`,
        key: undefined,
        message: 'the file is larger than 1 MiB',
        hint: undefined,
      })
      return undefined
    }
    const document = parseDocument(text, {
      lineCounter: this.#lines,
      prettyErrors: false,
      logLevel: 'error',
    })
    for (const error of document.errors) {
      this.problems.push({
        where: this.place(error.pos[0]),
        key: undefined,
        message: error.message,
        hint: undefined,
      })
    }
    return document.errors.length > 0 ? undefined : new YamlPlace(this, document.contents, 0, '')
  }
}

/** The file's value, or all that is wrong with it. */
export function readYaml<T>(
  name: string,
  text: string,
  read: Reader<T>,
): { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problems: readonly Problem[] } {
  const file = new YamlFile(name)
  const root = file.root(text)
  const value = root && read(root)
  return value !== undefined && file.problems.length === 0
    ? { ok: true, value }
    : { ok: false, problems: file.problems }
}

/** A scalar that `parse` understands. */
export function scalar<T>(expected: string, parse: (raw: unknown) => T | undefined): Reader<T> {
  return (place) => {
    const value = parse(place.scalar())
    return value === undefined ? place.wrong(expected) : value
  }
}

export const text: Reader<string> = scalar('a text', (raw) =>
  typeof raw === 'string' && raw.trim() !== '' && raw.length <= 500 ? raw.trim() : undefined,
)

export function oneOf<const T extends string>(words: readonly T[]): Reader<T> {
  return scalar(`one of ${words.join(', ')}`, (raw) => words.find((word) => word === raw))
}

export function wholeNumber(min: number, max: number): Reader<number> {
  return scalar(`a whole number from ${min} to ${max}`, (raw) =>
    typeof raw === 'number' && Number.isInteger(raw) && raw >= min && raw <= max ? raw : undefined,
  )
}
