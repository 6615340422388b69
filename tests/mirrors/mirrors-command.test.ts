import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { FakeGoproxy } from '../../lab/fake-goproxy.ts'
import type { Io, Writer } from '../../src/cli/io.ts'
import { type MirrorsHooks, mirrorsCommand } from '../../src/cli/mirrors-command.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { labCatalogue, mediumPath, startLabMirror } from './lab-mirrors.ts'

const hooks: MirrorsHooks = { limits: { smallMs: 2000, sampleMs: 1000, stepMs: 1000 } }

const esc = '\x1b'

let fast: FakeGoproxy
let slow: FakeGoproxy
let stale: FakeGoproxy
let liar: FakeGoproxy
let portal: FakeGoproxy
let deadAddress: string

beforeAll(async () => {
  fast = await startLabMirror({ sumdb: true })
  slow = await startLabMirror({ faults: [{ pattern: '*', fault: { kind: 'delay', delayMs: 40 } }] })
  stale = await startLabMirror({ newest: 9 })
  liar = await startLabMirror({ faults: [{ pattern: mediumPath, fault: { kind: 'wrong-bytes' } }] })
  portal = await startLabMirror({ faults: [{ pattern: '*', fault: { kind: 'html' } }] })
  const closed = await startLabMirror()
  deadAddress = closed.url
  await closed[Symbol.asyncDispose]()
})

afterAll(async () => {
  for (const mirror of [fast, slow, stale, liar, portal]) await mirror[Symbol.asyncDispose]()
})

function labFile(): string {
  return labCatalogue([
    { id: 'lab-slow', address: slow.url, region: 'near' },
    { id: 'lab-stale', address: stale.url },
    { id: 'lab-liar', address: liar.url, region: 'near' },
    { id: 'lab-portal', address: portal.url },
    { id: 'lab-dead', address: deadAddress },
    { id: 'lab-fast', address: fast.url },
    { id: 'lab-gone', address: fast.url.replace('127.0.0.1', 'localhost'), status: 'retired' },
  ])
}

interface Run {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs the command in a folder of its own; no toolchain is found, so there is no origin beyond this machine. */
async function run(
  args: readonly string[],
  options: {
    config?: string
    catalogue?: string
    env?: Record<string, string>
    tty?: boolean
    hooks?: MirrorsHooks
    after?: (folder: string) => Promise<void>
  } = {},
): Promise<Run> {
  await using folder = await temporaryFolder('mirrors')
  await writeFile(join(folder.path, 'lab.yaml'), options.catalogue ?? labFile())
  if (options.config !== undefined) await writeFile(join(folder.path, 'posthaste.yaml'), options.config)
  let [out, err] = ['', '']
  const stdout: Writer = { write: (text: string) => (out += text), isTTY: options.tty ?? false, columns: 120 }
  const io: Io = {
    stdout,
    stderr: { write: (text: string) => (err += text) },
    env: {
      HOME: folder.path,
      XDG_CONFIG_HOME: join(folder.path, 'config'),
      PATH: folder.path,
      ...options.env,
    },
    cwd: folder.path,
  }
  const labArgs = args.includes('--only') ? args : ['--only', 'lab-*', ...args]
  const code = await mirrorsCommand(['--include-catalogue', 'lab.yaml', ...labArgs], io, {
    ...hooks,
    ...options.hooks,
  })
  await options.after?.(folder.path)
  return { code, out, err }
}

describe('posthaste mirrors', () => {
  test('ranks the sound ones, fast before slow, and says why the others are not', async () => {
    const { code, out, err } = await run(['go'])
    expect(err).toBe('')
    expect(code).toBe(0)
    expect(out).toMatch(/1 ✓ lab-fast .*ok/)
    expect(out).toMatch(/2 ✓ lab-slow/)
    expect(out).toMatch(
      /✗ lab-stale +rejected \(stale\): lags on 3 of 3 busy packages \(busy.example\/one lacks v1\.11\.0\)/,
    )
    expect(out).toMatch(/✗ lab-liar +rejected \(wrong-content\): .*does not fit its checksum/)
    expect(out).toMatch(/✗ lab-portal +rejected \(html\)/)
    expect(out).toMatch(/✗ lab-dead +rejected \(connect\)/)
    expect(out).not.toContain('lab-gone')
    expect(out).not.toContain('\x1b')
  })

  test('has the same facts as JSON', async () => {
    const { code, out } = await run(['--json'], {
      config: `go:\n  upstream: ${slow.url}|${fast.url}\n`,
    })
    const report = JSON.parse(out)
    expect(code).toBe(0)
    expect(report).toMatchObject({ ecosystem: 'go', region: 'auto', applied: null, advice: { change: true } })
    expect(report.ranked).toMatchObject([
      { id: 'lab-fast', inUse: 1, address: fast.url, range: 'resumes', errors: 0, lags: [] },
      { id: 'lab-slow', inUse: 0 },
    ])
    const codes = Object.fromEntries(
      report.rejected.map((one: { id: string; code: string }) => [one.id, one.code]),
    )
    expect(codes).toEqual({
      'lab-stale': 'stale',
      'lab-liar': 'wrong-content',
      'lab-portal': 'html',
      'lab-dead': 'connect',
    })
    expect(report.retired.map(({ id }: { id: string }) => id)).toContain('lab-gone')
    for (const { predictedMs, prediction } of report.ranked) {
      const { connectMs, roundTrips, latencyMs, bytesPerSecond } = prediction
      expect(predictedMs).toBeCloseTo(
        connectMs + roundTrips * latencyMs + (report.reference.bytes / bytesPerSecond) * 1000,
        3,
      )
    }
  })

  test('shows the arithmetic, the provenance and what is retired with --explain', async () => {
    const { out } = await run(['go', '--explain'])
    expect(out).toMatch(/ms connection \+ 5 round trips × .* \+ 100 kB ÷ .*\/s = /)
    expect(out).toContain('made for this test')
    expect(out).toContain('lab-gone: retired')
  })

  test('has the region first, where it has a sound mirror', async () => {
    const { out } = await run(['--mirrors-region', 'near', '--explain'])
    expect(out).toMatch(/1 ✓ lab-slow/)
    expect(out).toContain('placed by: region near')
    const elsewhere = await run(['--mirrors-region', 'mars'])
    expect(elsewhere.out).toMatch(/1 ✓ lab-fast/)
  })

  test("measures the user's own sources too", async () => {
    await using own = await startLabMirror()
    const host = new URL(own.url).host
    const { out } = await run(['--only', `lab-fast,${host}`], {
      config: `go: { upstream: "${own.url},direct" }\n`,
    })
    expect(out).toContain(`${host} ●`)
  })

  test('ends with 1 when no mirror answers rightly, and with 2 when none was reached', async () => {
    expect((await run(['--only', 'lab-liar'])).code).toBe(1)
    expect((await run(['--only', 'lab-dead'])).code).toBe(2)
    expect((await run(['--offline'])).code).toBe(2)
  })

  describe('through a proxy', () => {
    const catalogue = labCatalogue([{ id: 'lab-far', address: 'http://mirror.example' }])
    const through = async (proxy: string) =>
      (await run(['--only', 'lab-far'], { catalogue, env: { HTTP_PROXY: proxy } })).code

    test('ends with 2 when the proxy is dead', async () => {
      expect(await through(deadAddress)).toBe(2)
    })
    test('ends with 2 when the proxy asks for a password', async () => {
      using proxy = Bun.serve({
        hostname: '127.0.0.1',
        port: 0,
        fetch: () => new Response(null, { status: 407, headers: { 'Proxy-Authenticate': 'Basic' } }),
      })
      expect(await through(`http://127.0.0.1:${proxy.port}`)).toBe(2)
    })
    test('ends with 1 when the mirror does not have what it must have, without a body', async () => {
      using proxy = Bun.serve({
        hostname: '127.0.0.1',
        port: 0,
        fetch: () => new Response(null, { status: 404 }),
      })
      expect(await through(`http://127.0.0.1:${proxy.port}`)).toBe(1)
    })
  })

  const misuse: readonly [args: string[], said: string][] = [
    [['gems'], "there is no ecosystem 'gems'"],
    [['go', 'npm'], "takes no 'npm'"],
    [['--watch', '--apply'], 'do not go together'],
    [['--only', 'nobody'], "no mirror is called 'nobody'"],
    [['--fast'], 'unknown flag --fast'],
  ]
  for (const [args, said] of misuse) {
    test(`ends with 64 for ${args.join(' ')}`, async () => {
      const { code, err } = await run(args)
      expect(code).toBe(64)
      expect(err).toContain(said)
    })
  }

  test('names file, line and column of a mistake in a catalogue', async () => {
    const { code, err } = await run([], { catalogue: labFile().replace('kind: relay', 'kind: fast') })
    expect(code).toBe(64)
    expect(err).toMatch(/^lab\.yaml:\d+:\d+: mirrors\[0\]\.kind: expected one of mirror, relay/)
  })

  test('measures again with --watch until it is ended', async () => {
    let pauses = 0
    const pause = async () => ++pauses < 3
    const { code, out } = await run(['--watch', '--json', '--only', 'lab-fast'], {
      hooks: { ...hooks, pause },
    })
    expect(code).toBe(0)
    expect(
      out
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).ranked[0].id),
    ).toEqual(Array(3).fill('lab-fast'))
  })
})

describe('on a terminal', () => {
  test('the table is redrawn in place, with progress, and each screen clears the one before', async () => {
    const { out } = await run(['--only', 'lab-fast,lab-slow'], { tty: true })
    const frames = out.split(new RegExp(`${esc}\\[\\d+A\\r${esc}\\[J`))
    expect(frames.length).toBeGreaterThan(6)
    expect(out).toContain('lab-slow, round 3 of 3')
    for (const [index, [, up]] of [...out.matchAll(new RegExp(`${esc}\\[(\\d+)A`, 'g'))].entries()) {
      expect(frames[index]?.split('\n')).toHaveLength(Number(up) + 1)
    }
    expect(frames.at(-1)).toContain('\x1b[32m✓\x1b[0m lab-fast')
    expect(frames.at(-1)).not.toContain('round 3 of 3')
  })
  test('a watch redraws in the same place', async () => {
    let pauses = 0
    const pause = async () => ++pauses < 2
    const watched = await run(['--watch', '--only', 'lab-fast'], { tty: true, hooks: { ...hooks, pause } })
    const frames = watched.out.split(new RegExp(`${esc}\\[\\d+A\\r${esc}\\[J`))
    expect(frames.filter((frame) => frame.includes('Ctrl-C ends'))).toHaveLength(2)
    for (const frame of frames) expect(frame.split('lab-fast').length).toBeLessThanOrEqual(4)
  })
  test('NO_COLOR takes the colours away', async () => {
    const { out } = await run(['--only', 'lab-fast'], { tty: true, env: { NO_COLOR: '1' } })
    expect(out).not.toMatch(new RegExp(`${esc}\\[\\d*m`))
  })
})

describe('--apply', () => {
  const configOf = () => `# of the team
listen: 127.0.0.1:7678 # only here

go:
  # asked in this order
  upstream: ${slow.url},direct
  private: ["*.corp.example"]
`
  test('writes the order, keeps every comment, and says what it changed', async () => {
    let text = ''
    const { code, out } = await run(['--apply'], {
      config: configOf(),
      after: async (folder) => {
        text = await readFile(join(folder, 'posthaste.yaml'), 'utf8')
      },
    })
    expect(code).toBe(0)
    const order = `${fast.url}|${slow.url},direct`
    expect(text).toBe(configOf().replace(`${slow.url},direct`, `"${order}"`))
    expect(out).toContain(`before: ${slow.url},direct (posthaste.yaml:6:13)`)
    expect(out).toContain(`now:    ${order}`)
  })

  test('writes nothing without a clear gain', async () => {
    const config = `go:\n  upstream: ${fast.url}|${slow.url},direct\n`
    const { code, out } = await run(['--apply'], {
      config,
      after: async (folder) => {
        expect(await readFile(join(folder, 'posthaste.yaml'), 'utf8')).toBe(config)
      },
    })
    expect(code).toBe(0)
    expect(out).toContain('nothing was written')
  })

  test("makes the file in the user's folder where there is none", async () => {
    const { code } = await run(['--apply', '--only', 'lab-fast'], {
      after: async (folder) => {
        const text = await readFile(join(folder, 'config', 'posthaste', 'posthaste.yaml'), 'utf8')
        expect(text).toBe(`go:\n  upstream: "${fast.url},direct"\n`)
      },
    })
    expect(code).toBe(0)
  })

  test('writes nothing when what is in use was left out', async () => {
    const { code, out } = await run(['--apply', '--only', 'lab-fast'], { config: configOf() })
    expect(code).toBe(0)
    expect(out).toContain('was not measured')
    expect(out).toContain('nothing was written')
  })

  test('refuses where a variable stands above the file', async () => {
    const { code, out } = await run(['--apply'], {
      env: { POSTHASTE_GO_UPSTREAM: `${slow.url},direct` },
    })
    expect(code).toBe(1)
    expect(out).toContain('POSTHASTE_GO_UPSTREAM stands above the file')
  })

  test('says that an ecosystem is not served yet, and prints what to copy', async () => {
    const tarball = Buffer.from('a tarball')
    const hash = new Bun.CryptoHasher('sha256').update(tarball).digest('hex')
    using registry = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      fetch: ({ url }) =>
        url.endsWith('.tgz') ? new Response(tarball) : Response.json({ name: 'busy', version: '1.0.0' }),
    })
    const catalogue = `ecosystem: npm
reference: { build: b, requests: 10, bytes: 1000, concurrency: 1 }
probes:
  small: { path: a/-/a-1.tgz, hash: "sha256:${hash}", bytes: ${tarball.length} }
  medium: { path: b/-/b-1.tgz, hash: "sha256:${hash}", bytes: ${tarball.length} }
  metadata: [a/1, b/1, c/1, d/1]
  canaries: [{ name: busy, path: busy/latest }]
mirrors:
  - { id: lab-npm, operator: the lab, region: world, kind: relay, addresses: ["http://127.0.0.1:${registry.port}"], status: candidate, provenance: test }
`
    const { code, out, err } = await run(['npm', '--apply'], { catalogue })
    expect(code).toBe(1)
    expect(out).toContain(`npm config set registry http://127.0.0.1:${registry.port}/`)
    expect(err).toContain('npm is not served yet')
  })
})

test('the shipped catalogue names no machine of a workplace and no loopback', async () => {
  const folder = fileURLToPath(new URL('../../mirrors/', import.meta.url))
  for (const name of ['go', 'npm', 'pypi', 'cargo', 'maven']) {
    expect(await readFile(join(folder, `${name}.yaml`), 'utf8')).not.toMatch(/127\.0\.0\.1|localhost|file:/)
  }
})
