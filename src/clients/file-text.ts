/** Text of a settings file that goes back to the very same bytes. */
export interface FileText {
  /** Without a byte order mark. */
  readonly text: string
  /** Bytes of a text that was made from `text`, in the same encoding, with the byte order mark if there was one. */
  readonly encode: (text: string) => Uint8Array
}

const BOM = '\ufeff'

/**
 * UTF-8, else one byte a character: what is edited is ASCII in both, and everything else goes back as it came.
 * Throws a `SettingsFileError` for UTF-16 and binary files, which no such edit would leave sound.
 */
export function decodeFile(bytes: Uint8Array): FileText {
  if (bytes.includes(0)) throw new SettingsFileError('it is UTF-16 or binary', 'save it as UTF-8')
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    const mark = text.startsWith(BOM) ? BOM : ''
    return { text: text.slice(mark.length), encode: (edited) => Buffer.from(mark + edited, 'utf8') }
  } catch {
    // No UTF-8: a file of an old code page.
    return {
      text: Buffer.from(bytes).toString('latin1'),
      encode: (edited) => Buffer.from(edited, 'latin1'),
    }
  }
}

/** A settings file that is left alone. `code` is stable. */
export class SettingsFileError extends Error {
  readonly code = 'SETTINGS_FILE'
  readonly hint: string

  constructor(message: string, hint: string) {
    super(message)
    this.hint = hint
  }
}
