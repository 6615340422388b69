import type { Meaning } from '../channels/channel.ts'
import type { ProbeLoop, Refused, Reply } from './probe-loop.ts'

/** What fits the path to the target. Sizes are of whole IP packets, in bytes. */
export type MtuFinding =
  /** Up to 1500 bytes, or the local link's own MTU, arrive. */
  | { readonly kind: 'passes'; readonly bytes: number }
  /** A router said what fits, as it should. */
  | { readonly kind: 'reported'; readonly bytes: number; readonly by: string }
  /** Larger packets vanish without a word, between two hops where that could be seen. */
  | {
      readonly kind: 'hole'
      readonly bytes: number
      readonly passed?: { readonly ttl: number; readonly host: string }
      readonly vanishedBefore?: number
    }
  /** The target answers no probe that can be made large. */
  | { readonly kind: 'untested' }

export interface MtuOptions {
  readonly loop: Pick<ProbeLoop, 'exchange'>
  readonly family: 4 | 6
  readonly targetTtl: number | undefined
  /** For an answer, where no round trip is known yet. */
  readonly waitMs: number
  readonly stopped: () => boolean
}

const largest = 1500
/** A probe that might only be lost is repeated; where nothing ever answers, once is enough to hear of a limit. */
const tries = 3
/** The same on a path that loses packets. */
const lossyTries = 8
/** Large and small packets in turn, before it is said that only large ones vanish. */
const pairs = 10
const pairsWithoutLoss = 4
const arrivals: ReadonlySet<Meaning> = new Set(['echo', 'datagram', 'port', 'syn-ack', 'reset'])

/** Finds the path MTU (RFC 8899 in spirit): what routers say, and where they say nothing, a search between sizes. */
export async function findMtu(given: MtuOptions): Promise<MtuFinding> {
  const { family, stopped } = given
  const smallest = family === 4 ? 68 : 128
  const small = await probe(given, smallest)
  const answers = small !== 'silent' && arrivals.has(small.meaning)
  const waitMs = answers ? Math.min(given.waitMs, Math.max(150, small.rttMs * 4)) : given.waitMs
  const options = { ...given, waitMs }
  let size = await localMtu(options, smallest)
  let reported: { bytes: number; by: string } | undefined
  for (let step = 0; step < 12 && !stopped(); step++) {
    const outcome = await probe(options, size, answers ? tries : 1)
    if (outcome === 'silent') break
    if (arrivals.has(outcome.meaning)) {
      return reported ? { kind: 'reported', ...reported } : { kind: 'passes', bytes: size }
    }
    const { mtuBytes = 0, host } = outcome
    // A router that names no size, or one that cannot be, is no guide (RFC 1191 5).
    if (mtuBytes < smallest || mtuBytes >= size) break
    size = mtuBytes
    reported = { bytes: size, by: host }
  }
  if (!answers) return reported ? { kind: 'reported', ...reported } : { kind: 'untested' }
  const doubt = await compare(options, size, smallest)
  if (doubt === 'arrives')
    return reported ? { kind: 'reported', ...reported } : { kind: 'passes', bytes: size }
  if (doubt === 'unclear') return { kind: 'untested' }
  const searchTries = doubt === 'vanishes' ? tries : lossyTries
  let arrived = smallest
  let vanished = size
  while (vanished - arrived > 1 && !stopped()) {
    const middle = (arrived + vanished) >> 1
    const outcome = await probe(options, middle, searchTries)
    if (outcome !== 'silent' && arrivals.has(outcome.meaning)) arrived = middle
    else vanished = middle
  }
  if (stopped()) return { kind: 'untested' }
  return { kind: 'hole', bytes: arrived, ...(await place(options, vanished, smallest)) }
}

/** Tells packets that are too large from packets that are lost: small ones fare the same when it is loss. */
async function compare(
  { loop, waitMs, stopped }: MtuOptions,
  large: number,
  small: number,
): Promise<'arrives' | 'vanishes' | 'vanishes-among-losses' | 'unclear'> {
  let smallArrived = 0
  for (let pair = 1; pair <= pairs && !stopped(); pair++) {
    const arrives = async (sizeBytes: number) => {
      const reply = await loop.exchange({ ttl: 64, flow: 0, sizeBytes }, waitMs)
      return reply !== undefined && !isRefused(reply) && arrivals.has(reply.meaning)
    }
    if (await arrives(large)) return 'arrives'
    if (await arrives(small)) smallArrived++
    if (pair >= pairsWithoutLoss && smallArrived === pair) return 'vanishes'
  }
  return smallArrived >= pairs / 2 ? 'vanishes-among-losses' : 'unclear'
}

/** What the local link takes; the search costs no packet on the wire that is too large. */
async function localMtu(options: MtuOptions, smallest: number): Promise<number> {
  let fits = smallest
  let refused = largest + 1
  for (let size = largest; refused - fits > 1; size = (fits + refused) >> 1) {
    // TTL 1 keeps these probes off the path.
    const outcome = await options.loop.exchange({ ttl: 1, flow: 0, sizeBytes: size }, 0)
    if (isRefused(outcome)) refused = size
    else fits = size
  }
  return fits
}

async function probe(
  { loop, waitMs, stopped }: MtuOptions,
  sizeBytes: number,
  attempts = tries,
): Promise<'silent' | Reply> {
  for (let attempt = 0; attempt < attempts && !stopped(); attempt++) {
    const reply = await loop.exchange({ ttl: 64, flow: 0, sizeBytes }, waitMs)
    if (reply === undefined || isRefused(reply)) continue
    if (arrivals.has(reply.meaning) || reply.meaning === 'too-big') return reply
  }
  return 'silent'
}

/** The last hop that a packet of the vanishing size reached, and the first that it did not. */
async function place({ loop, targetTtl, waitMs, stopped }: MtuOptions, size: number, smallest: number) {
  let passed: { ttl: number; host: string } | undefined
  for (let ttl = 1; ttl < (targetTtl ?? 30) && !stopped(); ttl++) {
    const large = await twice(() => loop.exchange({ ttl, flow: 0, sizeBytes: size }, waitMs))
    if (large !== undefined) {
      passed = { ttl, host: large.host }
      continue
    }
    const small = await twice(() => loop.exchange({ ttl, flow: 0, sizeBytes: smallest }, waitMs))
    // A hop that answers nothing proves nothing.
    if (small !== undefined) return { ...(passed && { passed }), vanishedBefore: ttl }
    if (targetTtl === undefined) break
  }
  return { ...(passed && { passed }), ...(targetTtl === undefined ? {} : { vanishedBefore: targetTtl }) }
}

async function twice(exchange: () => ReturnType<ProbeLoop['exchange']>): Promise<Reply | undefined> {
  for (let attempt = 0; attempt < 2; attempt++) {
    const reply = await exchange()
    if (reply !== undefined && !isRefused(reply)) return reply
  }
  return undefined
}

function isRefused(outcome: Awaited<ReturnType<ProbeLoop['exchange']>>): outcome is Refused {
  return outcome !== undefined && 'refused' in outcome
}
