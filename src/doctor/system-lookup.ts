import { lookup } from 'node:dns/promises'

let waiting = 0

/** The system's own way (getaddrinfo). It knows no end: silent name servers keep it busy for half a minute. */
export async function systemLookup(host: string): Promise<readonly string[]> {
  waiting++
  try {
    const found = await lookup(host, { all: true, order: 'verbatim' })
    return found.map(({ address }) => address)
  } finally {
    waiting--
  }
}

/** Whether this process still waits for the system, which keeps it alive and cannot be told to stop. */
export function isLookingUp(): boolean {
  return waiting > 0
}
