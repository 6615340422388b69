/** What a source can do wrong. Sizes in bytes of the body as it goes on the wire. */
export type Fault =
  /** Holds its answer back, then gives it. */
  | { readonly kind: 'delay'; readonly delayMs: number }
  /** Goes silent and keeps the connection open until the client or the lab closes it. */
  | { readonly kind: 'stall'; readonly afterBytes: number | 'headers' }
  /** Ends the connection cleanly (FIN) before the announced length. */
  | { readonly kind: 'truncate'; readonly afterBytes: number }
  /** Ends the connection with RST. */
  | { readonly kind: 'reset'; readonly afterBytes: number | 'headers' }
  /** The right length, one bit in the middle wrong. */
  | { readonly kind: 'wrong-bytes' }
  /** A captive portal: 200 with a page. */
  | { readonly kind: 'html' }
  /** `burstBytes` at once, then this rate. */
  | { readonly kind: 'drip'; readonly bytesPerSecond: number; readonly burstBytes?: number }
  | {
      readonly kind: 'status'
      readonly status: number
      readonly retryAfter?: string
      readonly text?: string
    }
  | { readonly kind: 'redirect-loop' }
  | { readonly kind: 'redirect'; readonly to: string }
  /** Announces a length that is off by so much, then ends the connection. */
  | { readonly kind: 'lying-length'; readonly deltaBytes: number }
  /** Compresses although nobody asked for it. */
  | { readonly kind: 'gzip' }
  /** A small compressed body that unpacks to so many zeroes. */
  | { readonly kind: 'gzip-bomb'; readonly unpackedBytes: number }
  /** Answers any range request with 206 for another range. */
  | { readonly kind: 'wrong-range' }

export interface FaultRule {
  /** Over the path without its leading slash: `*` any run of characters, `?` one. */
  readonly pattern: string
  readonly fault: Fault
  /** How many requests are hit before the rule is used up. Default: all. */
  readonly times?: number
  /** How many matching requests pass unharmed first. Default 0. */
  readonly skip?: number
}

/** Which fault hits which request: the first rule that matches and is not used up. */
export class FaultPlan {
  readonly #rules: { rule: FaultRule; matcher: RegExp; seen: number }[] = []

  add(rule: FaultRule): Disposable {
    const entry = { rule, matcher: globMatcher(rule.pattern), seen: 0 }
    this.#rules.push(entry)
    return {
      [Symbol.dispose]: () => {
        const index = this.#rules.indexOf(entry)
        if (index >= 0) this.#rules.splice(index, 1)
      },
    }
  }

  clear(): void {
    this.#rules.length = 0
  }

  take(path: string): Fault | undefined {
    for (const entry of this.#rules) {
      const { skip = 0, times = Number.POSITIVE_INFINITY, fault } = entry.rule
      if (entry.seen >= skip + times || !entry.matcher.test(path)) continue
      entry.seen++
      if (entry.seen > skip) return fault
    }
    return undefined
  }
}

function globMatcher(pattern: string): RegExp {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${source}$`, 's')
}

const numberFields = [
  'delayMs',
  'afterBytes',
  'bytesPerSecond',
  'burstBytes',
  'status',
  'deltaBytes',
  'unpackedBytes',
]
const stringFields = ['to', 'text', 'retryAfter']
const required: Readonly<Record<Fault['kind'], readonly string[]>> = {
  delay: ['delayMs'],
  stall: ['afterBytes'],
  truncate: ['afterBytes'],
  reset: ['afterBytes'],
  'wrong-bytes': [],
  html: [],
  drip: ['bytesPerSecond'],
  status: ['status'],
  'redirect-loop': [],
  redirect: ['to'],
  'lying-length': ['deltaBytes'],
  gzip: [],
  'gzip-bomb': ['unpackedBytes'],
  'wrong-range': [],
}

/** A rule as it comes over the control API. Throws TypeError with what is wrong. */
export function parseFaultRule(value: unknown): FaultRule {
  if (!isRecord(value) || typeof value.pattern !== 'string') throw new TypeError('a rule needs a pattern')
  const fault = value.fault
  if (!isRecord(fault) || !isKind(fault.kind)) {
    throw new TypeError(`a rule needs a fault with a kind of: ${Object.keys(required).join(', ')}`)
  }
  for (const field of required[fault.kind]) {
    if (fault[field] === undefined) throw new TypeError(`fault ${fault.kind} needs ${field}`)
  }
  for (const [field, content] of Object.entries(fault)) {
    if (field === 'kind') continue
    const fits =
      (numberFields.includes(field) && typeof content === 'number') ||
      (stringFields.includes(field) && typeof content === 'string') ||
      (field === 'afterBytes' && content === 'headers' && fault.kind !== 'truncate')
    if (!fits) throw new TypeError(`fault ${fault.kind} cannot have ${field} = ${JSON.stringify(content)}`)
  }
  for (const field of ['times', 'skip']) {
    const content = value[field]
    if (content !== undefined && typeof content !== 'number') throw new TypeError(`${field} must be a number`)
  }
  return value as unknown as FaultRule
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function isKind(value: unknown): value is Fault['kind'] {
  return typeof value === 'string' && Object.hasOwn(required, value)
}
