import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { SettingFact } from '../evidence.ts'

type Env = Readonly<Record<string, string | undefined>>

/** Name of the setting: how long Node waits for each of a host's addresses, in milliseconds. */
export const attemptTimeoutName = 'network-family-autoselection-attempt-timeout'

const script =
  "const n=require('net');console.log(n.getDefaultAutoSelectFamily()?n.getDefaultAutoSelectFamilyAttemptTimeout():'Infinity')"

/** What the machine's own Node does with several addresses, NODE_OPTIONS among it; nothing without a Node that tells. */
export async function readAttemptTimeout(env: Env): Promise<SettingFact[]> {
  const options = { env: { ...env }, timeout: 4_000 }
  const said = await promisify(execFile)('node', ['-e', script], options).catch(() => undefined)
  const value = said?.stdout.trim() ?? ''
  if (!/^(\d+|Infinity)$/.test(value)) return []
  return [{ probe: 'setting', outcome: 'fine', name: attemptTimeoutName, value, foundIn: 'node' }]
}
