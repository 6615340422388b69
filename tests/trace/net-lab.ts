import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { repository } from '../support/product.ts'

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** A network of namespaces that only exists for one test. */
export interface NetLab extends AsyncDisposable {
  /** Runs a command in a namespace, bounded in time. */
  run(name: string, command: readonly string[], options?: RunOptions): Promise<Ran>
  /** Like `run`; throws when the command fails. */
  must(name: string, ...command: string[]): Promise<string>
  /** `must` for each line, split at spaces: no quoting. */
  script(name: string, lines: string): Promise<void>
  /** Joins two namespaces by a cable, with an IPv4 /24 and an IPv6 /64 whose number is given: `.1` is the first. */
  cable(number: number, first: string, second: string): Promise<void>
  /** `posthaste trace …` in a namespace. */
  trace(name: string, ...args: string[]): Promise<Ran>
  /** The same as user nobody, without any capability. */
  traceAsNobody(name: string, ...args: string[]): Promise<Ran>
  /** Runs a script of this repository in a namespace until the lab ends; resolves with its first line. */
  keep(name: string, ...args: string[]): Promise<string>
}

export interface RunOptions {
  readonly timeoutMs?: number
  readonly env?: Readonly<Record<string, string>>
}

const plainEnv = { PATH: process.env.PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/', LANG: 'C' }
let labs = 0

/** Why there can be no namespaces here, or undefined. */
export async function whyNoLab(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'network namespaces need Linux'
  if (process.getuid?.() !== 0) return 'network namespaces need root'
  for (const tool of ['ip', 'ping']) {
    if (Bun.which(tool) === null) return `there is no '${tool}' command (Debian: iproute2, iputils-ping)`
  }
  const name = `phprobe${process.pid}`
  const added = await execute(['ip', 'netns', 'add', name])
  if (added.code !== 0) return `no network namespaces: ${added.stderr.trim()}`
  await execute(['ip', 'netns', 'del', name])
  return undefined
}

/** Why a tool of the comparison is missing, or undefined. */
export async function whyNoTool(...command: readonly string[]): Promise<string | undefined> {
  const { code, stderr } = await execute(command)
  return code === 0 ? undefined : `${command[0]} is not usable: ${stderr.trim().split('\n')[0]}`
}

/** Namespaces that forward packets, with no limit on ICMP errors. */
export async function netLab(...names: readonly string[]): Promise<NetLab> {
  const prefix = `ph${process.pid}x${labs++}`
  const full = (name: string) => `${prefix}${name}`
  const kept: ReturnType<typeof execFile>[] = []
  const run: NetLab['run'] = (name, command, options) =>
    execute(['ip', 'netns', 'exec', full(name), ...command], options)
  const must = async (name: string, ...command: string[]) => {
    const { code, stdout, stderr } = await run(name, command)
    if (code !== 0) throw new Error(`${command.join(' ')} in ${name}: ${stderr}`)
    return stdout
  }
  const dispose = async () => {
    await Promise.all(
      kept.map(async (child) => {
        const ended = new Promise((resolve) => child.once('close', resolve))
        if (child.exitCode !== null || child.signalCode !== null) return
        child.kill('SIGKILL')
        await ended
      }),
    )
    for (const name of names) await execute(['ip', 'netns', 'del', full(name)])
  }
  const posthaste = (...args: string[]) => [join(repository, 'bin', 'posthaste'), 'trace', ...args]
  const lab: NetLab = {
    run,
    must,
    script: async (name, lines) => {
      for (const line of lines.split('\n').map((text) => text.trim())) {
        if (line !== '') await must(name, ...line.split(/\s+/))
      }
    },
    cable: async (number, first, second) => {
      const [left, right] = [`v${number}l`, `v${number}r`]
      await execute([
        'ip',
        'link',
        'add',
        left,
        'netns',
        full(first),
        'type',
        'veth',
        'peer',
        'name',
        right,
        'netns',
        full(second),
      ])
      for (const [name, device, host] of [
        [first, left, 1],
        [second, right, 2],
      ] as const) {
        await lab.script(
          name,
          `ip addr add 10.9.${number}.${host}/24 dev ${device}
           ip addr add fd09:${number}::${host}/64 dev ${device} nodad
           ip link set ${device} up`,
        )
      }
    },
    trace: (name, ...args) => run(name, posthaste(...args), { timeoutMs: 60_000 }),
    traceAsNobody: (name, ...args) => {
      const drop = [
        'setpriv',
        '--reuid=65534',
        '--regid=65534',
        '--clear-groups',
        '--no-new-privs',
        '--bounding-set=-all',
      ]
      return run(name, [...drop, ...posthaste(...args)], { timeoutMs: 60_000 })
    },
    keep: (name, ...args) => {
      const child = execFile('ip', ['netns', 'exec', full(name), process.execPath, ...args], {
        env: plainEnv,
      })
      kept.push(child)
      return new Promise((resolve, reject) => {
        child.stdout?.once('data', (piece) => resolve(String(piece).split('\n')[0] ?? ''))
        child.stderr?.once('data', (piece) => reject(new Error(String(piece))))
        child.once('close', (code) => reject(new Error(`ended with ${code}`)))
      })
    },
    [Symbol.asyncDispose]: dispose,
  }
  try {
    for (const name of names) {
      const added = await execute(['ip', 'netns', 'add', full(name)])
      if (added.code !== 0) throw new Error(added.stderr)
      await must(name, 'ip', 'link', 'set', 'lo', 'up')
      await must(
        name,
        'sysctl',
        '-qw',
        'net.ipv4.ip_forward=1',
        'net.ipv6.conf.all.forwarding=1',
        'net.ipv4.icmp_ratelimit=0',
        'net.ipv6.icmp.ratelimit=0',
        'net.ipv4.conf.all.rp_filter=0',
        'net.ipv4.conf.default.rp_filter=0',
        'net.ipv4.fib_multipath_hash_policy=1',
        'net.ipv6.conf.default.accept_dad=0',
        'net.ipv6.conf.default.dad_transmits=0',
        'net.ipv6.conf.default.router_solicitations=0',
      )
    }
    return lab
  } catch (error) {
    await dispose()
    throw error
  }
}

/** a – r1 – r2 – r3 – b: hop k answers from 10.9.k.2 and fd09:k::2, and b is 10.9.4.2. */
export async function chainLab(): Promise<NetLab> {
  const lab = await netLab('a', 'r1', 'r2', 'r3', 'b')
  try {
    await lab.cable(1, 'a', 'r1')
    await lab.cable(2, 'r1', 'r2')
    await lab.cable(3, 'r2', 'r3')
    await lab.cable(4, 'r3', 'b')
    await lab.script('a', routes('default', '10.9.1.2', 'default', 'fd09:1::2'))
    await lab.script('r1', routes('default', '10.9.2.2', 'default', 'fd09:2::2'))
    await lab.script('r2', routes('default', '10.9.3.2', 'default', 'fd09:3::2'))
    await lab.script('r2', routes('10.9.1.0/24', '10.9.2.1', 'fd09:1::/64', 'fd09:2::1'))
    await lab.script('r3', routes('default', '10.9.3.1', 'default', 'fd09:3::1'))
    await lab.script('b', routes('default', '10.9.4.1', 'default', 'fd09:4::1'))
    await settled(lab, '10.9.4.2', 'fd09:4::2')
    return lab
  } catch (error) {
    await lab[Symbol.asyncDispose]()
    throw error
  }
}

function routes(net4: string, via4: string, net6: string, via6: string): string {
  return `ip route add ${net4} via ${via4}\nip -6 route add ${net6} via ${via6}`
}

/** New cables take a second until neighbours know each other: then the first packets are not slow. */
export async function settled(lab: NetLab, ...targets: readonly string[]): Promise<void> {
  for (const target of targets) {
    // Every router has to answer once, too.
    for (const ttl of ['1', '2', '3'])
      await lab.run('a', ['ping', '-q', '-c', '1', '-W', '5', '-t', ttl, target])
    await lab.must('a', 'ping', '-q', '-c', '1', '-W', '5', target)
  }
}

function execute(command: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const [file = '', ...args] = command
  return new Promise((resolve) => {
    const env = { ...plainEnv, ...options.env }
    const limits = {
      timeout: options.timeoutMs ?? 20_000,
      killSignal: 'SIGKILL' as const,
      maxBuffer: 1 << 24,
    }
    const child = execFile(file, args, { env, cwd: '/', ...limits }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
      resolve({ code, stdout, stderr: stderr === '' && error !== null ? error.message : stderr })
    })
    child.stdin?.end()
  })
}
