import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Machine, userConfig } from './machine.ts'

/**
 * Turns Go's counters off in a private home. They are written by a process that outlives the command, so that a
 * removed home would come back (`go help telemetry`, golang.org/x/telemetry).
 */
export async function turnGoCountersOff({ platform }: Pick<Machine, 'platform'>, home: PrivateHome) {
  const folder = join(userConfig({ platform, env: home, home: home.HOME }), 'go', 'telemetry')
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'mode'), 'off\n')
}

/** The variables from which Go takes its folder of settings. */
export type PrivateHome = Readonly<Record<string, string | undefined>> & { readonly HOME: string }
