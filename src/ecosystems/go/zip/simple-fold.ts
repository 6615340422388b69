/**
 * A form that two names share exactly when they are equal under Unicode simple case folding, as Go's
 * unicode.SimpleFold has it: one code point for one, without Turkish or expanding mappings.
 */
export function simpleFold(text: string): string {
  // ASCII folds within itself; the Kelvin sign and the long s come to it from the other branch.
  if (isAscii(text)) return text.toLowerCase()
  let folded = ''
  for (const char of text) folded += foldChar(char)
  return folded
}

/** Upper-cases to `I`, but only Turkish folds it to `i`. */
const DOTLESS_I = 'ı'

function foldChar(char: string): string {
  if (char === DOTLESS_I) return char
  return single(single(char, char.toUpperCase()), single(char, char.toUpperCase()).toLowerCase())
}

/** `mapped` when it is one code point, else `char`: expanding mappings are no simple ones. */
function single(char: string, mapped: string): string {
  const code = mapped.codePointAt(0) ?? 0
  return mapped.length === (code > 0xffff ? 2 : 1) ? mapped : char
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 0x7f) return false
  }
  return true
}
