import { describe, expect, test } from 'bun:test'
import { defaultLimits } from '../../src/doctor/limits.ts'
import type { DoctorOptions } from '../../src/doctor/run.ts'
import { DoctorLab, target } from './doctor-lab.ts'
import { startBareServer, startLabServer } from './lab-server.ts'
import { farHosts, Namespaces, whyNoNamespaces } from './namespace.ts'

const hourMs = 3_600_000
/** No wait of a run ends by itself: only its own end can. */
const patient: DoctorOptions['limits'] = {
  dnsMs: hourMs,
  secondAnswerMs: 1,
  connectMs: hourMs,
  tlsMs: hourMs,
  firstByteMs: hourMs,
  stallMs: hourMs,
  transferMs: hourMs,
  pauseMs: [0, 0],
  totalMs: hourMs,
}

type Options = Parameters<DoctorLab['examine']>[1]

/** What hangs, told when it is reached; the rest of the lab is honest. */
type Hanging = (lab: DoctorLab, reached: () => void) => Promise<{ url: URL; options?: Options }>

const hangingProxy = async (lab: DoctorLab, reached: () => void) => {
  const { port } = lab.use(await startLabServer({ handler: reached }))
  lab.names.names.set('proxy.example', { addresses: ['127.0.0.1'] })
  return { HTTPS_PROXY: `http://proxy.example:${port}` }
}

const cut: Hanging = async (lab, reached) => {
  const { port } = lab.use(
    await startBareServer((socket) => void socket.once('data', () => socket.resetAndDestroy())),
  )
  const never = async () => {
    reached()
    return new Promise<never>(() => undefined)
  }
  return { url: lab.name('source.example', { port }), options: { tracePath: never, locateReset: never } }
}

const hanging: Readonly<Record<string, Hanging>> = {
  'the settings': async (lab, reached) => ({
    url: await lab.serve('source.example'),
    options: {
      settings: async () => {
        reached()
        return new Promise<never>(() => undefined)
      },
    },
  }),
  "the system's resolver": async (lab, reached) => ({
    url: await lab.serve('source.example'),
    options: {
      lookup: async () => {
        reached()
        return new Promise<never>(() => undefined)
      },
    },
  }),
  'the proxy': async (lab, reached) => ({
    url: await lab.serve('source.example'),
    options: { env: await hangingProxy(lab, reached) },
  }),
  "a proxy of a client's own": async (lab, reached) => {
    const url = await lab.serve('source.example')
    return {
      url,
      options: { spares: [{ url, route: { env: await hangingProxy(lab, reached), setBy: {} } }] },
    }
  },
  'the server': async (lab, reached) => ({ url: await lab.serve('source.example', { handler: reached }) }),
  'the tracer': cut,
}

describe('a run is over when its time is, whatever hangs:', () => {
  test.each(Object.entries(hanging))(
    '%s',
    async (_, hang) => {
      await using lab = await DoctorLab.open()
      const { promise: reached, resolve } = Promise.withResolvers<void>()
      const { url, options } = await hang(lab, () => resolve())
      const end = new AbortController()
      const running = lab.examine([target(url)], { limits: patient, signal: end.signal, ...options })
      await reached
      end.abort()
      expect((await running).complete).toBe(false)
    },
    30_000,
  )
})

test('a resolver of the system that hangs is asked once, and its name servers count', async () => {
  await using lab = await DoctorLab.open()
  const targets = [target(await lab.serve('source.example')), target(await lab.serve('second.example'))]
  const asked: string[] = []
  const lookup = (host: string) => {
    asked.push(host)
    return new Promise<never>(() => undefined)
  }
  const report = await lab.examine(targets, { lookup })
  expect(asked).toHaveLength(1)
  expect(report.complete).toBe(true)
  const answered = report.evidence.flatMap((record) =>
    record.probe === 'http' && record.outcome === 'answer' ? [record.host] : [],
  )
  expect([...new Set(answered)].sort()).toEqual(['second.example', 'source.example'])
}, 30_000)

test('a run has 24 s, so that a command has 25', () => {
  expect(defaultLimits.totalMs).toBeLessThanOrEqual(24_000)
})

const reason = whyNoNamespaces()
test.skipIf(reason !== undefined)(
  `a machine without a way out is told so without a trace${reason === undefined ? '' : ` [skipped: ${reason}]`}`,
  async () => {
    await using network = await Namespaces.open()
    await network.in('c', 'ip route del default; ip -6 route del default')
    const targets = [{ url: `https://${farHosts[0]}/`, role: 'source' as const }]
    const report = await network.examine({ targets, endlessTrace: true })
    expect(report.verdicts.map(({ id }) => id)).toEqual(['net.offline'])
    expect(report.complete).toBe(true)
  },
  60_000,
)
