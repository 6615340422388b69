/** What one test did, as Bun's JUnit report tells it. */
export interface TestCase {
  readonly file: string
  /** Names of the enclosing groups and of the test itself, joined by ` > `. */
  readonly name: string
  readonly outcome: 'passed' | 'failed' | 'skipped'
  /** The first lines of a failure, or the reason of a skip when the name carries one; else empty. */
  readonly detail: string
  readonly timeMs: number
}

/** Reads Bun's `--reporter=junit` file. Throws when it is cut short: a report that is not whole proves nothing. */
export function parseJunitReport(xml: string): TestCase[] {
  if (!xml.trimEnd().endsWith('</testsuites>') && !/<testsuites[^>]*\/>\s*$/.test(xml)) {
    throw new Error('the JUnit report is cut short')
  }
  const cases: TestCase[] = []
  for (const match of xml.matchAll(/<testcase ([^>]*?)(\/>|>([\s\S]*?)<\/testcase>)/g)) {
    const attributes = parseAttributes(match[1] ?? '')
    const inner = match[3] ?? ''
    const group = attributes.classname ?? ''
    const name = attributes.name ?? ''
    cases.push({
      file: attributes.file ?? '',
      name: group === '' ? name : `${group} > ${name}`,
      timeMs: Number(attributes.time ?? 0) * 1000,
      ...readOutcome(inner, name),
    })
  }
  return cases
}

function readOutcome(inner: string, name: string): Pick<TestCase, 'outcome' | 'detail'> {
  if (/<(failure|error)\b/.test(inner)) {
    const text = /<(?:failure|error)\b[^>]*?(?:\/>|>([\s\S]*?)<\/(?:failure|error)>)/.exec(inner)?.[1]
    const message = parseAttributes(/<(?:failure|error)\b([^>]*)/.exec(inner)?.[1] ?? '').message
    return { outcome: 'failed', detail: unescapeXml(text ?? '').trim() || (message ?? 'no message') }
  }
  if (/<skipped\b/.test(inner)) {
    const message = parseAttributes(/<skipped\b([^>]*)/.exec(inner)?.[1] ?? '').message
    return { outcome: 'skipped', detail: skipReason(name) ?? (message === 'TODO' ? 'not written yet' : '') }
  }
  return { outcome: 'passed', detail: '' }
}

/** The reason that `testUnless` put into a skipped test's name: `… [skipped: no go here]`. */
function skipReason(name: string): string | undefined {
  return /\[skipped: (.*)\]$/.exec(name)?.[1]
}

function parseAttributes(text: string): Record<string, string | undefined> {
  const attributes: Record<string, string | undefined> = {}
  for (const [, key, value] of text.matchAll(/([\w:-]+)="([^"]*)"/g)) {
    if (key !== undefined && value !== undefined) attributes[key] = unescapeXml(value)
  }
  return attributes
}

const entities: Record<string, string> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' }

function unescapeXml(text: string): string {
  return text.replace(/&(?:#x([0-9a-fA-F]+)|#(\d+)|(\w+));/g, (whole, hex, decimal, named) => {
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16))
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal))
    return entities[named] ?? whole
  })
}
