/** Something wrong with a setting, told so that it can be put right. Holds no secret. */
export interface Problem {
  /** `posthaste.yaml:3:5`, `POSTHASTE_GO_UPSTREAM`, `--listen`. */
  readonly where: string
  /** The setting's dotted name, or what was written in its place. */
  readonly key: string | undefined
  readonly message: string
  readonly hint: string | undefined
}

/** One line: where, what, and what to do. */
export function formatProblem({ where, message, hint }: Problem): string {
  return `${where}: ${message}${hint === undefined ? '' : ` (${hint})`}`
}

export function unknownName(where: string, what: string, written: string, near: string | undefined): Problem {
  return {
    where,
    key: written,
    message: `unknown ${what} '${clip(written)}'`,
    hint: near === undefined ? 'see docs/configuration.md' : `did you mean ${near}?`,
  }
}

/** What was written, short and on one line; nothing of a secret but its absence. */
export function quote(raw: unknown, secret: boolean): string {
  if (secret) return 'a value that is not shown'
  if (Array.isArray(raw)) return 'a list'
  if (typeof raw === 'object' && raw !== null) return 'a map'
  return typeof raw === 'string' ? `'${clip(maskUrls(raw))}'` : String(raw)
}

/** Hides the userinfo of every URL in a text. Without a scheme too, since GOPROXY entries need none. */
export function maskUrls(text: string): string {
  return text.replaceAll(/:\/\/[^\s/]*@/g, '://***@').replaceAll(/(^|[\s,|])[^\s,|/]+@/g, '$1***@')
}

function clip(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\u2028\u2029]/gu, ' ')
  return line.length > 80 ? `${line.slice(0, 79)}…` : line
}
