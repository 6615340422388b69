/** Below this a terminal wraps as it likes: there is no room to indent. */
const MIN_COLUMNS = 40

/** `lead` and `text`, wrapped between words at `width` columns under the text's begin; as it is without a width. */
export function hanging(lead: string, text: string, width: number | undefined): string {
  if (width === undefined || width < MIN_COLUMNS) return lead + text
  const indent = Bun.stringWidth(lead)
  // A word that is longer stays whole, so that addresses, hashes and paths can be copied.
  return lead + Bun.wrapAnsi(text, width - indent).replaceAll('\n', `\n${' '.repeat(indent)}`)
}
