import type { traceJson } from '../../src/cli/trace-json.ts'
import type { NetLab, Ran } from './net-lab.ts'

export type Traced = ReturnType<typeof traceJson> & { readonly code: number }

/** The JSON of a run, with its exit code. Throws with what was said when there is none. */
export function traced({ code, stdout, stderr }: Ran): Traced {
  if (!stdout.startsWith('{')) throw new Error(`no JSON (${code}): ${stdout}${stderr}`)
  return { ...JSON.parse(stdout), code }
}

/** Short rounds without names: enough for what is not about chance. */
export async function trace(lab: NetLab, ...args: string[]): Promise<Traced> {
  return traced(await lab.trace('a', ...args, '-n', '--json', '--interval', '200'))
}

export function hostsOf({ hops }: Traced): string[] {
  return hops.map(({ hosts }) => hosts.map(({ address }) => address).join(' '))
}
