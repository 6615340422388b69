/** Spellings that are remembered at a time: what more there is was made up. */
const MAX_SPELLINGS = 128
/** A longer one is no client's usual header. */
const MAX_LENGTH = 512

/**
 * A pure judgement of a header's value, remembered for the few spellings that clients send: reading a list with
 * qualities costs more than all else that a hit does.
 */
export function remembered<T>(judge: (value: string) => T): (value: string) => T {
  const known = new Map<string, T>()
  return (value) => {
    const seen = known.get(value)
    if (seen !== undefined || known.has(value)) return seen as T
    const judged = judge(value)
    if (value.length > MAX_LENGTH) return judged
    if (known.size >= MAX_SPELLINGS) known.clear()
    known.set(value, judged)
    return judged
  }
}
