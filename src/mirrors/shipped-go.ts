import { join } from 'node:path'
import type { GoDiscovery } from '../config/discover-go.ts'
import { parseGoproxyList } from '../ecosystems/go/goproxy-list.ts'
import type { Source } from '../upstream/source-list.ts'

export interface ShippedGo {
  /** The place that all mirrors copy from. */
  readonly origin: Source | undefined
  /** The public checksum database's name. */
  readonly sumdbName: string | undefined
}

/**
 * What the Go toolchain brings along, whatever was set above it: from $GOROOT/go.env, else its built-in defaults
 * where nothing was set. Undefined where the toolchain does not tell.
 */
export async function shippedGo(
  go: GoDiscovery | undefined,
  readFile: (path: string) => Promise<string | undefined>,
): Promise<ShippedGo> {
  if (go?.found !== true) return { origin: undefined, sumdbName: undefined }
  const text = (await readFile(join(go.goroot, 'go.env'))) ?? ''
  const shipped = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(text)?.[1]?.trim()
  const builtIn = (setting: { value: string; origin: string } | undefined) =>
    setting?.origin.includes('built in') ? setting.value : undefined
  return {
    origin: firstSource(shipped('GOPROXY') ?? builtIn(go.proxy)),
    sumdbName: (shipped('GOSUMDB') ?? builtIn(go.sumdb))?.split(/\s/, 1)[0],
  }
}

function firstSource(list: string | undefined): Source | undefined {
  const parsed = list === undefined ? undefined : parseGoproxyList(list)
  const first = parsed?.ok ? parsed.steps.find((step) => step.kind === 'source') : undefined
  if (first === undefined) return undefined
  const { url } = first
  return { kind: 'source', id: new URL(url).host, url, next: undefined, foundIn: 'go env', origin: true }
}
