import type { Edited } from './client.ts'
import { SettingsFileError } from './file-text.ts'

/** An edit that throws a SettingsFileError, as one whose refusals are values. */
export function editing(edit: (text: string) => string): (text: string) => Edited {
  return (text) => {
    try {
      return { ok: true, text: edit(text) }
    } catch (error) {
      if (!(error instanceof SettingsFileError)) throw error
      return { ok: false, reason: error.message, hint: error.hint }
    }
  }
}

/**
 * Gives the edited text back when it still reads, and says what was set. Throws a SettingsFileError otherwise: what our
 * edit does not understand is left alone rather than broken.
 */
export function whole(text: string, name: string, reads: (text: string) => boolean): string {
  const refusal = new SettingsFileError(`'${name}' cannot be set without breaking the file`, 'set it by hand')
  try {
    if (reads(text)) return text
  } catch (error) {
    if (!(error instanceof SettingsFileError)) throw error
  }
  throw refusal
}
