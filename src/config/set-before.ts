import { join } from 'node:path'

/**
 * What a toolchain's setting was before it was pointed at this server, from the journal in the data folder, and
 * where that stands. A journal torn by a crash is as good as none.
 */
export async function setBefore(options: {
  /** The data folder. */
  readonly data: string
  /** The journal's file: `npm.json`. */
  readonly journal: string
  readonly setting: string
  /** Never rejects. */
  readonly read: (path: string) => Promise<string | undefined>
}): Promise<{ readonly value: string | undefined; readonly origin: string }> {
  const path = join(options.data, 'journal', options.journal)
  const value = textOf(await options.read(path), options.setting)
  return { value, origin: `${path} (what was set before)` }
}

function textOf(journal: string | undefined, setting: string): string | undefined {
  try {
    const settings: unknown = JSON.parse(journal ?? 'null')
    const value: unknown =
      typeof settings === 'object' && settings !== null ? Reflect.get(settings, setting) : undefined
    return typeof value === 'string' ? value : undefined
  } catch {
    // Torn: what the toolchain says otherwise follows.
    return undefined
  }
}
