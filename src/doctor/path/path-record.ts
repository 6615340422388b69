import { answerRole } from './answer-role.ts'
import type { Meaning, Protocol } from './channels/channel.ts'
import type { FlowPath, Hop, HopHost, PathFacts, RoundTrips } from './path-evidence.ts'
import { mergeTallies, RoundTripTally } from './round-trip-tally.ts'
import type { MplsLabel } from './wire/icmp-extensions.ts'
import type { MtuFinding } from './worker/find-mtu.ts'
import type { Message } from './worker/messages.ts'

/** Round trips kept for a graph. */
const recentLength = 60
/** More hosts than any balancer has at one TTL; the rest is counted, not kept. */
const maxHostsPerHop = 32

/** So many losses and no answer: the target is not there, unless that many are lost by chance. */
const enoughLost = 3
const byChance = 0.01

interface Cell {
  readonly tally: RoundTripTally
  readonly hosts: Map<string, { received: number; labels: readonly MplsLabel[] }>
  refusal?: { by: string; meaning: Meaning }
  targetReplies: number
}

interface Row {
  readonly cells: Map<number, Cell>
  /** In the order of sending; undefined while nothing is known yet. */
  readonly recent: { readonly sequence: number; readonly flow: number; ms: number | null | undefined }[]
}

/** Adds up what the worker says. Probes past the target, sent before its distance was known, are left out. */
export class PathRecord {
  readonly #protocol: Protocol
  readonly #address: string
  readonly #rows = new Map<number, Row>()
  /** Where each flow ends: the target's TTL, or where somebody refused. */
  readonly #targetTtls = new Map<number, number>()
  readonly #refusalTtls = new Map<number, number>()
  #targetMeaning: Meaning | undefined
  #refused: string | undefined
  #mtu: MtuFinding | undefined
  #rounds = 0

  constructor(protocol: Protocol, address: string) {
    this.#protocol = protocol
    this.#address = address
  }

  get rounds(): number {
    return this.#rounds
  }

  /** Every address that answered. */
  get addresses(): ReadonlySet<string> {
    const all = [...this.#rows.values()].flatMap(({ cells }) =>
      [...cells.values()].flatMap(({ hosts }) => [...hosts.keys()]),
    )
    return new Set(all)
  }

  add(message: Message): void {
    switch (message.kind) {
      case 'sent':
        this.#sent(message)
        return
      case 'reply':
        this.#reply(message)
        return
      case 'lost':
        this.#cell(message.ttl, message.flow).tally.addLoss()
        this.#settle(message.ttl, message.sequence, null)
        return
      case 'refused':
        this.#refused = message.error
        return
      case 'round':
        this.#rounds = message.round
        return
      case 'mtu':
        this.#mtu = message.mtu
    }
  }

  facts(names: ReadonlyMap<string, string> = new Map()): PathFacts {
    const flows = this.#flowNumbers()
    const reached = this.#targetTtls.size > 0
    const sentAny = [...this.#rows.values()].some(({ cells }) =>
      [...cells.values()].some((c) => c.tally.sent > 0),
    )
    return {
      protocol: this.#protocol,
      address: this.#address,
      hops: this.#hops(names),
      target: reached ? this.#targetRoundTrips(flows) : undefined,
      targetMeaning: this.#targetMeaning,
      flows: flows.map((flow) => this.#flowPath(flow)),
      mtu: this.#mtu,
      refused: sentAny ? undefined : this.#refused,
    }
  }

  #reply(message: Extract<Message, { kind: 'reply' }>): void {
    const { ttl, flow, host, rttMs, meaning, labels } = message
    const cell = this.#cell(ttl, flow)
    cell.tally.addRoundTrip(rttMs)
    this.#settle(ttl, message.sequence, rttMs)
    const known = cell.hosts.get(host)
    if (known !== undefined || cell.hosts.size < maxHostsPerHop) {
      cell.hosts.set(host, { received: (known?.received ?? 0) + 1, labels })
    }
    const role = answerRole(meaning, host, this.#address)
    if (role === 'target') {
      this.#targetMeaning = meaning
      cell.targetReplies++
    }
    if (role === 'refusal') cell.refusal = { by: host, meaning }
    if (role === 'hop') return
    const ends = role === 'target' ? this.#targetTtls : this.#refusalTtls
    ends.set(flow, Math.min(ttl, ends.get(flow) ?? ttl))
  }

  /**
   * A flow that never got through is taken to be as long as the shortest that did; so is one whose few probes at that
   * TTL were only lost: then a later TTL is the first that was heard, not the first that arrived.
   */
  #endOf(flow: number): number | undefined {
    const shortest = smallest(this.#targetTtls.values())
    if (shortest === undefined) return this.#refusalTtls.get(flow) ?? smallest(this.#refusalTtls.values())
    const own = this.#targetTtls.get(flow) ?? shortest
    const there = this.#rows.get(shortest)?.cells.get(flow)?.tally
    if (there?.received !== 0) return own
    const isChance = there.lost < enoughLost || this.#lossAt(shortest) ** there.lost > byChance
    return isChance ? shortest : own
  }

  /** The share that is lost where the target stands, for flows that it answers there. */
  #lossAt(ttl: number): number {
    const cells = [...(this.#rows.get(ttl)?.cells.values() ?? [])].filter((cell) => cell.targetReplies > 0)
    const lost = cells.reduce((sum, { tally }) => sum + tally.lost, 0)
    const received = cells.reduce((sum, { targetReplies }) => sum + targetReplies, 0)
    return received === 0 ? 0 : lost / (lost + received)
  }

  #targetRoundTrips(flows: readonly number[]): RoundTrips {
    const ends = new Map(flows.map((flow) => [flow, this.#endOf(flow) ?? 0]))
    const tallies = [...ends].flatMap(([flow, ttl]) => this.#rows.get(ttl)?.cells.get(flow)?.tally ?? [])
    const recent = [...new Set(ends.values())].flatMap((ttl) =>
      (this.#rows.get(ttl)?.recent ?? []).filter(({ flow }) => ends.get(flow) === ttl),
    )
    return mergeTallies(tallies, recent.flatMap(known))
  }

  #hops(names: ReadonlyMap<string, string>): Hop[] {
    const last = this.#lastTtl()
    const hops: Hop[] = []
    for (let ttl = 1; ttl <= last; ttl++) {
      const row = this.#rows.get(ttl)
      const counts = (flow: number) => ttl <= (this.#endOf(flow) ?? ttl)
      const cells = [...(row?.cells ?? [])].filter(([flow]) => counts(flow)).map(([, cell]) => cell)
      const recentMs = (row?.recent ?? []).filter(({ flow }) => counts(flow)).flatMap(known)
      const refusal = cells.find((cell) => cell.refusal !== undefined)?.refusal
      hops.push({
        ttl,
        hosts: mergeHosts(cells, names),
        ...mergeTallies(
          cells.map(({ tally }) => tally),
          recentMs,
        ),
        recentMs,
        ...(refusal === undefined ? {} : { refusal }),
        isTarget: cells.some(({ targetReplies }) => targetReplies > 0),
      })
    }
    return hops
  }

  /** Where the longest flow ends, else one silent TTL behind the last answer. */
  #lastTtl(): number {
    const ends = this.#flowNumbers().flatMap((flow) => this.#endOf(flow) ?? [])
    if (ends.length > 0) return Math.max(...ends)
    const probed = [...this.#rows.keys()]
    const answered = probed.filter((ttl) =>
      [...(this.#rows.get(ttl)?.cells.values() ?? [])].some(({ tally }) => tally.received > 0),
    )
    return Math.min(Math.max(0, ...probed), Math.max(0, ...answered) + 1)
  }

  #flowPath(flow: number): FlowPath {
    const end = this.#endOf(flow)
    const last = end ?? this.#lastTtl()
    const hosts = Array.from({ length: last }, (_, index) => {
      const cell = this.#rows.get(index + 1)?.cells.get(flow)
      return cell?.hosts.keys().next().value ?? null
    })
    const cell = end === undefined ? undefined : this.#rows.get(end)?.cells.get(flow)
    const { sent, lost } = cell?.tally ?? { sent: 0, lost: 0 }
    return {
      flow,
      hosts,
      sent: Math.min(sent, lost + (cell?.targetReplies ?? 0)),
      received: cell?.targetReplies ?? 0,
    }
  }

  #flowNumbers(): number[] {
    return [...new Set([...this.#rows.values()].flatMap(({ cells }) => [...cells.keys()]))].sort(
      (a, b) => a - b,
    )
  }

  #cell(ttl: number, flow: number): Cell {
    const row = this.#rows.get(ttl) ?? { cells: new Map<number, Cell>(), recent: [] }
    this.#rows.set(ttl, row)
    const cell = row.cells.get(flow) ?? { tally: new RoundTripTally(), hosts: new Map(), targetReplies: 0 }
    row.cells.set(flow, cell)
    return cell
  }

  #sent({ sequence, ttl, flow }: Extract<Message, { kind: 'sent' }>): void {
    this.#cell(ttl, flow).tally.sent++
    const recent = this.#rows.get(ttl)?.recent
    recent?.push({ sequence, flow, ms: undefined })
    if (recent !== undefined && recent.length > recentLength) recent.shift()
  }

  /** A loss is only known after the answers to later probes. */
  #settle(ttl: number, sequence: number, ms: number | null): void {
    const slot = this.#rows.get(ttl)?.recent.findLast((one) => one.sequence === sequence)
    if (slot !== undefined) slot.ms = ms
  }
}

function known({ ms }: Row['recent'][number]): (number | null)[] {
  return ms === undefined ? [] : [ms]
}

function mergeHosts(cells: readonly Cell[], names: ReadonlyMap<string, string>): HopHost[] {
  const hosts = new Map<string, HopHost>()
  for (const cell of cells) {
    for (const [address, { received, labels }] of cell.hosts) {
      const name = names.get(address)
      const before = hosts.get(address)?.received ?? 0
      hosts.set(address, { address, ...(name && { name }), received: before + received, labels })
    }
  }
  return [...hosts.values()].sort((a, b) => b.received - a.received)
}

function smallest(values: Iterable<number>): number | undefined {
  const all = [...values]
  return all.length === 0 ? undefined : Math.min(...all)
}
