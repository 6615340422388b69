import { isIP } from 'node:net'

/** A name's addresses, in the order of preference. Rejects with the resolver's `code`. */
export type Lookup = (host: string) => Promise<readonly string[]>

const spelling = "Check the name's spelling; 'posthaste doctor' looks at the name service."
const nameService =
  "The name service did not answer: 'posthaste doctor' looks at it. A numeric address needs none."

/** The target's name has no address of the family, or none could be found out. */
export class UnknownTarget extends Error {
  readonly code = 'unknown_target'
  readonly hint: string

  constructor(message: string, hint = spelling) {
    super(message)
    this.hint = hint
  }
}

/** The address to trace to. Throws UnknownTarget, also when the abort comes before the answer. */
export async function targetAddress(
  host: string,
  family: 4 | 6 | undefined,
  lookup: Lookup,
  signal: AbortSignal,
): Promise<string> {
  const numeric = isIP(host)
  if (numeric !== 0) {
    if (family === undefined || numeric === family) return host
    throw new UnknownTarget(`${host} is no IPv${family} address`, `Leave -${family} out.`)
  }
  const kind = family === undefined ? 'address' : `IPv${family} address`
  const found = await untilAborted(lookup(host), signal).catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    if (code === 'ENOTFOUND' || code === 'ENODATA')
      throw new UnknownTarget(`${host} has no ${kind} (${code})`)
    throw new UnknownTarget(`${host} could not be looked up (${code})`, nameService)
  })
  if (found === 'aborted') {
    throw new UnknownTarget(`stopped while the look-up of ${host} had no answer`, nameService)
  }
  const address = found.find((one) => family === undefined || isIP(one) === family)
  if (address === undefined) throw new UnknownTarget(`${host} has no ${kind}`)
  return address
}

async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | 'aborted'> {
  const aborted = Promise.withResolvers<'aborted'>()
  const stop = () => aborted.resolve('aborted')
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop, { once: true })
  try {
    return await Promise.race([aborted.promise, work])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
