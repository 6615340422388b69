import { execFile, execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Report } from '../../src/doctor/report.ts'
import { startProcess } from '../support/spawned.ts'
import type { NamespaceJob } from './namespace-client.ts'

const run = promisify(execFile)
const root = dirname(dirname(import.meta.dirname))
const runner = join(root, 'scripts/run')

/** Two hosts behind the router. */
export const farHosts = ['10.99.2.2', '10.99.2.3'] as const

/** Why namespaces cannot be made here; undefined when they can. */
export function whyNoNamespaces(): string | undefined {
  if (process.platform !== 'linux') return 'network namespaces are of Linux'
  if (process.getuid?.() !== 0) return 'network namespaces need root'
  for (const tool of ['ip', 'nft']) {
    try {
      execFileSync('sh', ['-c', `command -v ${tool}`], { stdio: 'ignore' })
    } catch {
      return `there is no '${tool}' command (Debian: iproute2, nftables)`
    }
  }
  const name = `ph${randomBytes(3).toString('hex')}`
  try {
    execFileSync('ip', ['netns', 'add', name], { stdio: 'ignore' })
    execFileSync('ip', ['netns', 'del', name], { stdio: 'ignore' })
    return undefined
  } catch {
    return 'this container lets nobody make network namespaces'
  }
}

/** A client, a router and a far network of its own, and the way between them. */
export class Namespaces implements AsyncDisposable {
  readonly #id = randomBytes(3).toString('hex')
  readonly #parts = new AsyncDisposableStack()
  #authority = ''

  static async open(): Promise<Namespaces> {
    const made = new Namespaces()
    try {
      await made.#build()
      return made
    } catch (error) {
      await made[Symbol.asyncDispose]()
      throw error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.disposeAsync()
    for (const role of ['c', 'r', 's'])
      await run('ip', ['netns', 'del', this.#name(role)]).catch(() => undefined)
  }

  /** Runs a command in the namespace of the client (`c`), the router (`r`) or the far network (`s`). */
  async in(role: 'c' | 'r' | 's', command: string): Promise<void> {
    await run('ip', ['netns', 'exec', this.#name(role), 'sh', '-c', command])
  }

  /** What the client sends over TCP through the router arrives so much later. */
  async delay(ms: number): Promise<void> {
    const script = join(import.meta.dirname, 'delay-packets.ts')
    const args = ['netns', 'exec', this.#name('r'), runner, script, String(ms)]
    const child = startProcess('ip', args, { cwd: root, env: { PATH: process.env.PATH } })
    this.#parts.use(child)
    await child.sees(/^ready/)
    await this.in(
      'r',
      [
        'sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.late.rp_filter=0',
        'ip route add default dev late table 77',
        'ip rule add iif near ipproto tcp to 10.99.2.0/24 lookup 77',
      ].join(' && '),
    )
  }

  /** Runs the machine's own Node at the client; gives what it prints. */
  async node(script: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
    const args = ['netns', 'exec', this.#name('c'), 'node', '-e', script]
    const { stdout } = await run('ip', args, { timeout: 20_000, env: { PATH: process.env.PATH, ...env } })
    return stdout.trim()
  }

  /** Rules of the router for what it forwards, and for what it sends itself. */
  async filter(forward: readonly string[], output: readonly string[] = []): Promise<void> {
    const chain = (hook: string, rules: readonly string[]) =>
      [`chain ${hook} {`, `type filter hook ${hook} priority 0;`, ...rules, '}'].join('\n')
    await this.in('r', `nft 'table inet lab {\n${chain('forward', forward)}\n${chain('output', output)}\n}'`)
  }

  /** Runs the doctor at the client; `prelude` are shell commands before it. */
  async examine(job: Omit<NamespaceJob, 'authority'>, prelude = 'true'): Promise<Report> {
    const text = JSON.stringify({ authority: this.#authority, ...job })
    const shell = ['sh', '-c', `${prelude} && exec "$@"`, 'sh']
    const client = [runner, join(import.meta.dirname, 'namespace-client.ts'), text]
    const args = ['netns', 'exec', this.#name('c'), ...shell, ...client]
    const { stdout } = await run('ip', args, { timeout: 40_000, maxBuffer: 20_000_000 })
    return JSON.parse(stdout) as Report
  }

  #name(role: string): string {
    return `ph${this.#id}${role}`
  }

  async #build(): Promise<void> {
    for (const role of ['c', 'r', 's']) await run('ip', ['netns', 'add', this.#name(role)])
    const [c, r, s] = ['c', 'r', 's'].map((role) => this.#name(role))
    const script = [
      `ip link add near netns ${c} type veth peer name near netns ${r}`,
      `ip link add far netns ${r} type veth peer name far netns ${s}`,
    ]
    await run('sh', ['-ec', script.join('\n')])
    const up = (device: string, ...addresses: readonly string[]) => [
      'ip link set lo up',
      `ip link set ${device} up`,
      ...addresses.map(
        (address) => `ip address add ${address} dev ${device} ${address.includes(':') ? 'nodad' : ''}`,
      ),
    ]
    await this.in(
      'c',
      [
        'set -e',
        ...up('near', '10.99.1.2/24', 'fd99:1::2/64'),
        'ip route add default via 10.99.1.1',
        'ip -6 route add default via fd99:1::1',
      ].join('\n'),
    )
    await this.in(
      'r',
      [
        'set -e',
        ...up('near', '10.99.1.1/24', 'fd99:1::1/64'),
        ...up('far', '10.99.2.1/24', 'fd99:2::1/64'),
        'sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1',
      ].join('\n'),
    )
    await this.in(
      's',
      [
        'set -e',
        ...up('far', ...farHosts.map((host) => `${host}/24`), 'fd99:2::2/64'),
        'ip route add default via 10.99.2.1',
        'ip -6 route add default via fd99:2::1',
      ].join('\n'),
    )
    const server = startProcess(
      'ip',
      ['netns', 'exec', this.#name('s'), runner, join(import.meta.dirname, 'namespace-server.ts')],
      {
        cwd: root,
        env: { PATH: process.env.PATH },
      },
    )
    this.#parts.use(server)
    this.#authority = String(JSON.parse((await server.sees(/^ready /)).replace(/^ready /, '')))
  }
}
