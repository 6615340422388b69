import { mask } from '../../observe/mask.ts'
import { printable } from '../../observe/terminal-text.ts'

/** The first line of what a stranger sent, fit to be shown: at most 120 characters, without secrets. */
export function printableLine(bytes: Uint8Array): string {
  const line = Buffer.from(bytes.subarray(0, 512)).toString('utf8').split(/\r?\n/, 1)[0] ?? ''
  return mask(printable(line)).slice(0, 120)
}
