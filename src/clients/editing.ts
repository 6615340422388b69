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
