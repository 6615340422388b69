import { join } from 'node:path'
import type { GoDiscovery } from '../config/discover-go.ts'
import { parseGoproxyList } from '../ecosystems/go/goproxy-list.ts'
import type { Source } from '../upstream/source-list.ts'

/**
 * The source that the toolchain brings along, whatever was set above it: from $GOROOT/go.env, else from its
 * built-in default when nothing was set. Undefined when the toolchain does not tell it.
 */
export async function goOrigin(
  go: GoDiscovery | undefined,
  readFile: (path: string) => Promise<string | undefined>,
): Promise<Source | undefined> {
  if (go?.found !== true) return undefined
  const text = await readFile(join(go.goroot, 'go.env')).catch(() => undefined)
  const shipped = /^GOPROXY=(.*)$/m.exec(text ?? '')?.[1]?.trim()
  const list = shipped ?? (go.proxy?.origin.includes('built in') ? go.proxy.value : undefined)
  if (list === undefined) return undefined
  const parsed = parseGoproxyList(list)
  const first = parsed.ok ? parsed.steps.find((step) => step.kind === 'source') : undefined
  if (first === undefined) return undefined
  const foundIn = shipped === undefined ? 'go env (built in)' : 'go env (default in $GOROOT/go.env)'
  return {
    kind: 'source',
    id: new URL(first.url).host,
    url: first.url,
    next: undefined,
    foundIn,
    origin: true,
  }
}
