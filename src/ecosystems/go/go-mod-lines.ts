/** The lines of a go.mod file, by the grammar of `golang.org/x/mod/modfile` (read.go). */

export interface GoModLine {
  /** Counted from 1. */
  readonly line: number
  /** Of a line in a block: the block's word comes first, then what the line says. */
  readonly tokens: readonly string[]
  readonly inBlock: boolean
  /** Text of the comment lines right above (the block's, when the line itself has no comment) and at its end. */
  readonly comments: readonly string[]
  /** Text of the comment at the end of the line. */
  readonly suffix: string | undefined
}

export interface GoModProblem {
  readonly line: number
  readonly reason: string
}

interface Lexed {
  readonly tokens: readonly string[]
  readonly comment: string | undefined
}

const tokenPattern =
  /[()[\]{},]|"(?:[^"\\\n]|\\.)*"|`[^`\n]*`|(?!["`])(?:(?!\/\/)(?![()[\]{},])[\p{L}\p{M}\p{N}\p{P}\p{S}])+/uy

/** Statements in their order, with blocks taken apart; or the first problem. Linear in the size of the text. */
export function parseGoModLines(text: string): readonly GoModLine[] | GoModProblem {
  const statements: GoModLine[] = []
  let block:
    | { readonly word: string; readonly known: boolean; readonly comments: readonly string[] }
    | undefined
  let above: string[] = []
  let number = 0
  for (const raw of text.split('\n')) {
    number += 1
    const lexed = lexLine(raw)
    if (typeof lexed === 'string') return { line: number, reason: lexed }
    const { tokens, comment } = lexed
    const [first] = tokens
    if (first === undefined) {
      if (comment !== undefined) above.push(comment)
      // A blank line parts a comment from what follows, except inside a block.
      else if (block === undefined) above = []
      continue
    }
    if (block !== undefined && first === ')') {
      if (tokens.length > 1) return { line: number, reason: 'something follows a closing parenthesis' }
      block = undefined
    } else if (block !== undefined) {
      const own = comment === undefined ? above : [...above, comment]
      if (block.known) {
        statements.push({
          line: number,
          tokens: [block.word, ...tokens],
          inBlock: true,
          comments: own.length > 0 ? own : block.comments,
          suffix: comment,
        })
      }
    } else if (tokens.length > 1 && tokens.at(-1) === '(') {
      block = { word: first, known: tokens.length === 2, comments: above }
    } else if (!(tokens.length > 2 && tokens.at(-2) === '(' && tokens.at(-1) === ')')) {
      const comments = comment === undefined ? above : [...above, comment]
      statements.push({ line: number, tokens, inBlock: false, comments, suffix: comment })
    }
    above = []
  }
  return block === undefined ? statements : { line: number, reason: 'a block is not closed' }
}

/** Tokens and comment of one line, or what is wrong with it. */
function lexLine(raw: string): Lexed | string {
  const tokens: string[] = []
  let at = 0
  while (at < raw.length) {
    const char = raw[at] ?? ''
    if (char === ' ' || char === '\t' || char === '\r') {
      at += 1
      continue
    }
    if (raw.startsWith('//', at)) return { tokens, comment: raw.slice(at + 2).trim() }
    tokenPattern.lastIndex = at
    const token = tokenPattern.exec(raw)?.[0]
    if (token === undefined) {
      return /["`]/.test(char) ? 'a string is not closed' : `unexpected character ${JSON.stringify(char)}`
    }
    if (!/^["`]/.test(token) && token.includes('/*')) return 'comments begin with //, not with /*'
    tokens.push(token)
    at += token.length
  }
  return { tokens, comment: undefined }
}
