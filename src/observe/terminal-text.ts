/** Text that is shown on a terminal: columns, colours, and nothing that a stranger can make the terminal do. */

/** Characters that move the cursor, start a sequence or turn the writing direction, and so could fake a line. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g

/** Unsafe characters become `\xNN` or `\uNNNN`; the text stays one line. */
export function printable(text: string): string {
  return text.replace(UNSAFE, (character) => {
    const hex = character.charCodeAt(0).toString(16)
    return hex.length <= 2 ? `\\x${hex.padStart(2, '0')}` : `\\u${hex.padStart(4, '0')}`
  })
}

const NARROW = /^[\x20-\x7e]*$/
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u

/** Columns that printable text takes; Chinese characters and their like take two. */
export function columns(text: string): number {
  if (NARROW.test(text)) return text.length
  let width = 0
  for (const character of text) width += WIDE.test(character) ? 2 : 1
  return width
}

/** Cut to `width` columns with `…` at the end. */
export function cutEnd(text: string, width: number): string {
  if (columns(text) <= width) return text
  return width < 1 ? '' : `${take([...text], width - 1)}…`
}

/** Cut to `width` columns with `…` in the middle: the end of a path says more than its middle. */
export function cutMiddle(text: string, width: number): string {
  if (columns(text) <= width) return text
  if (width < 5) return cutEnd(text, width)
  const tail = Math.ceil((width - 1) * 0.6)
  const characters = [...text]
  const end = [...take(characters.slice().reverse(), tail)].reverse().join('')
  return `${take(characters, width - 1 - columns(end))}…${end}`
}

function take(characters: readonly string[], width: number): string {
  let taken = ''
  let left = width
  for (const character of characters) {
    left -= columns(character)
    if (left < 0) break
    taken += character
  }
  return taken
}

/** `23:05:09`, in the machine's time zone. */
export function clockTime(atMs: number): string {
  const at = new Date(atMs)
  return [at.getHours(), at.getMinutes(), at.getSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':')
}

export type Style = 'dim' | 'green' | 'yellow' | 'red' | 'alarm' | 'plain'

const CODES: Readonly<Record<Style, string>> = {
  dim: '2',
  green: '32',
  yellow: '33',
  red: '31',
  alarm: '1;37;41',
  plain: '',
}

export function paint(text: string, style: Style, color: boolean): string {
  return color && style !== 'plain' ? `\x1b[${CODES[style]}m${text}\x1b[0m` : text
}
