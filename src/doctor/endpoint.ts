import { isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { errorCode } from '../upstream/failure.ts'
import type { ForwardProxy } from '../upstream/proxy-settings.ts'
import type { DnsStage } from './dns-stage.ts'
import type { ConnectFact } from './evidence.ts'
import { Handshakes } from './handshakes.ts'
import { openConnection } from './probes/open-connection.ts'
import { chooseProxy } from './route.ts'
import type { Run } from './run.ts'
import { endpointOf, hostOf, portOf } from './target.ts'
import { type Opening, openThrough } from './through-proxy.ts'

/** Connections to the address in use: enough that lost SYNs show, few enough not to look like a scan. */
const handshakes = 6
const mostPerFamily = 2

type Stage = 'open' | 'failed'

export interface Neighbours {
  /** Another host's endpoint that is connected to without a proxy, for comparisons. */
  readonly otherOpenAddress: (
    than: Endpoint,
  ) => Promise<{ readonly address: string; readonly port: number; readonly host: string } | undefined>
}

/** One `host:port`: what lies between here and its first answer. Each stage is looked at once. */
export class Endpoint {
  readonly name: string
  readonly host: string
  readonly port: number
  readonly secure: boolean
  readonly #run: Run
  readonly #dns: DnsStage
  readonly #neighbours: Neighbours
  readonly #url: URL
  #proxy: ForwardProxy | undefined
  #reached: Promise<Stage> | undefined
  #ready: Promise<Stage> | undefined
  #address: string | undefined

  constructor(url: URL, run: Run, dns: DnsStage, neighbours: Neighbours) {
    this.#url = url
    this.#run = run
    this.#dns = dns
    this.#neighbours = neighbours
    this.name = endpointOf({ url })
    this.host = hostOf({ url })
    this.port = portOf({ url })
    this.secure = url.protocol === 'https:'
  }

  /** The address that answered first; undefined through a proxy. */
  get address(): string | undefined {
    return this.#address
  }

  get proxy(): ForwardProxy | undefined {
    return this.#proxy
  }

  /** Name, address, connection: `open` once a byte could be sent. */
  reach(): Promise<Stage> {
    this.#reached ??= this.#reach()
    return this.#reached
  }

  /** `reach`, and TLS that may be trusted where the address wants it. */
  ready(): Promise<Stage> {
    this.#ready ??= this.#makeReady()
    return this.#ready
  }

  /** A fresh connection, through the proxy where there is one; no TLS yet. */
  async open(): Promise<Socket | undefined> {
    const { limits, signal } = this.#run
    if (this.#proxy !== undefined) return (await this.#throughProxy(this.#proxy)).socket
    if (this.#address === undefined) return undefined
    const opened = await openConnection({
      address: this.#address,
      port: this.port,
      timeoutMs: limits.connectMs,
      signal,
    })
    return opened.outcome === 'open' ? opened.socket : undefined
  }

  /** A connection that a request may be sent over: verified TLS for https. */
  async openForRequest(): Promise<{ socket: Socket; absolute: boolean } | { failed: string }> {
    const plainProxy = this.#proxy !== undefined && !this.secure && this.#proxy.scheme !== 'socks5'
    const socket = await this.open()
    if (socket === undefined) return { failed: 'connect' }
    if (!this.secure) return { socket, absolute: plainProxy }
    const { trust } = this.#run.options
    return new Promise((resolve) => {
      const tls = connectTls({
        socket,
        secureContext: trust,
        ALPNProtocols: ['http/1.1'],
        ...(isIP(this.host) === 0 ? { servername: this.host } : { host: this.host }),
      })
      const fail = (error?: unknown) => {
        clearTimeout(late)
        tls.destroy()
        socket.destroy()
        resolve({ failed: errorCode(error) || 'tls' })
      }
      const late = setTimeout(fail, this.#run.limits.tlsMs)
      const failed = (error: unknown) => fail(error)
      tls.on('error', failed)
      tls.once('secureConnect', () => {
        clearTimeout(late)
        tls.off('error', failed)
        tls.on('error', () => tls.destroy())
        resolve({ socket: tls, absolute: false })
      })
    })
  }

  async #reach(): Promise<Stage> {
    const run = this.#run
    const choice = { probe: 'proxy.choice', url: this.#url.origin } as const
    const chosen = chooseProxy(this.#url, run.options.routeTo(this.#url))
    if (chosen.outcome === 'unusable') {
      run.record(this.name, 0, { ...choice, ...chosen })
      return 'failed'
    }
    if (chosen.outcome === 'direct') {
      run.record(this.name, 0, { ...choice, outcome: 'direct' })
      return this.#reachDirectly()
    }
    const { proxy, foundIn } = chosen
    this.#proxy = proxy
    const named = `${proxy.host}:${proxy.port}`
    run.record(this.name, 0, { ...choice, outcome: 'proxy', proxy: named, foundIn })
    const { said, socket, tookMs } = await run.step('proxy', named, () => this.#throughProxy(proxy))
    run.record(this.name, tookMs, { probe: 'proxy.tunnel', proxy: named, foundIn, ...said })
    socket?.destroy()
    return socket === undefined ? 'failed' : 'open'
  }

  async #throughProxy(proxy: ForwardProxy): Promise<Opening> {
    return openThrough(proxy, {
      host: this.host,
      port: this.port,
      secure: this.secure,
      run: this.#run,
      dns: this.#dns,
    })
  }

  async #reachDirectly(): Promise<Stage> {
    const run = this.#run
    const addresses = await this.#dns.resolve(this.host)
    if (addresses.length === 0) return 'failed'
    return run.step('tcp', this.name, async () => {
      const four = addresses.filter((address) => isIP(address) === 4).slice(0, mostPerFamily)
      const six = addresses.filter((address) => isIP(address) === 6).slice(0, mostPerFamily)
      const results = await Promise.all([...four, ...six].map((address) => this.#connect(address)))
      const open = [...four, ...six].filter((_, index) => results[index] === 'open')
      this.#address = open[0]
      if (this.#address === undefined) {
        await this.#trySibling([...four, ...six][0])
        return 'failed'
      }
      await this.#repeat(this.#address)
      return 'open'
    })
  }

  /** A failure is tried twice more, so that one lost packet is no verdict. */
  async #connect(address: string): Promise<ConnectFact['outcome']> {
    const first = await this.#attempt(address, this.port, 'target')
    if (first === 'open' || this.#run.signal.aborted) return first
    await this.#run.pause()
    const again = await Promise.all([
      this.#attempt(address, this.port, 'target'),
      this.#attempt(address, this.port, 'target'),
    ])
    return again.includes('open') ? 'open' : first
  }

  async #repeat(address: string): Promise<void> {
    await Promise.all(
      Array.from({ length: handshakes - 1 }, () => this.#attempt(address, this.port, 'target')),
    )
  }

  async #trySibling(address: string | undefined): Promise<void> {
    if (address === undefined) return
    await this.#attempt(address, this.port === 80 ? 443 : 80, 'sibling')
  }

  async #attempt(
    address: string,
    port: number,
    purpose: ConnectFact['purpose'],
  ): Promise<ConnectFact['outcome']> {
    const { limits, signal } = this.#run
    const opened = await openConnection({ address, port, timeoutMs: limits.connectMs, signal })
    const outcome = opened.outcome === 'open' ? await staysOpen(opened.socket) : opened.outcome
    this.#run.record(this.name, opened.tookMs, {
      probe: 'tcp',
      outcome,
      host: this.host,
      address,
      port,
      family: isIP(address) === 6 ? 6 : 4,
      purpose,
      ...('code' in opened && opened.code !== '' ? { code: opened.code } : {}),
    })
    return outcome
  }

  async #makeReady(): Promise<Stage> {
    if ((await this.reach()) === 'failed') return 'failed'
    if (!this.secure) return 'open'
    const handshakes = new Handshakes(this.#run, {
      name: this.name,
      host: this.host,
      peer: this.#address ?? this.#proxy?.host,
      open: () => this.open(),
      elsewhere: async () =>
        this.#proxy === undefined ? this.#neighbours.otherOpenAddress(this) : undefined,
    })
    return this.#run.step('tls', this.name, () => handshakes.examine())
  }
}

const heldMs = 60

/** Whether a fresh connection is cut before anything was sent over it. Closes it. */
function staysOpen(socket: Socket): Promise<'open' | 'reset' | 'closed'> {
  return new Promise((resolve) => {
    const settle = (outcome: 'open' | 'reset' | 'closed') => {
      clearTimeout(timer)
      socket.destroy()
      resolve(outcome)
    }
    const timer = setTimeout(() => settle('open'), heldMs)
    socket.on('error', () => settle('reset'))
    socket.on('end', () => settle('closed'))
    socket.resume()
  })
}
