import { expect, test } from 'bun:test'
import { createSecureContext } from 'node:tls'
import { loadConfig } from '../../src/config/load-config.ts'
import { ServerDoctor } from '../../src/doctor/server-doctor.ts'
import { catalogue, DoctorLab, labLimits } from './doctor-lab.ts'
import { reportProblems } from './report-schema.ts'

async function doctorFor(lab: DoctorLab, upstream: string) {
  const trust = createSecureContext({ ca: [lab.authority.cert] })
  const env = {
    POSTHASTE_GO_UPSTREAM: upstream,
    POSTHASTE_GO_SUMDB: 'off',
    POSTHASTE_UPSTREAM_RESOLVERS: lab.names.address,
    POSTHASTE_UPSTREAM_ALLOW_PRIVATE: '127.0.0.0/8',
  }
  const loaded = await loadConfig({ env, cwd: '/', home: '/', readFile: async () => undefined })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  return new ServerDoctor({
    machine: () => ({ loaded, go: undefined, env: {} }),
    adjust: (prepared) => ({
      ...prepared,
      trust,
      bundledTrust: trust,
      limits: labLimits,
      catalogues: { go: catalogue },
    }),
  })
}

const never = new AbortController().signal

test('a server reports on its configured sources, in the same form', async () => {
  await using lab = await DoctorLab.open()
  const doctor = await doctorFor(lab, (await lab.serve('source.example')).href)
  const report = await doctor.report(never)
  expect(reportProblems(JSON.parse(JSON.stringify(report)))).toEqual([])
  expect(report.verdicts).toEqual([])
  expect(report.targets.map(({ role }) => role)).toEqual(['source'])
}, 30_000)

test('who asks during a run gets that run, and who leaves does not end it', async () => {
  await using lab = await DoctorLab.open()
  let requests = 0
  const source = await lab.serve('source.example', {
    handler: (_, socket) => {
      requests++
      socket.end('HTTP/1.1 502 no\r\nContent-Length: 0\r\n\r\n')
    },
  })
  const doctor = await doctorFor(lab, source.href)
  const leaving = new AbortController()
  const left = doctor.report(leaving.signal)
  const [first, second] = [doctor.report(never), doctor.report(never)]
  leaving.abort(new Error('left'))
  expect(left).rejects.toThrow('left')
  expect(await first).toBe(await second)
  expect((await first).verdicts.map(({ id }) => id)).toEqual(['http.server_error'])
  expect(requests).toBe(2)
}, 30_000)

test('another target, and a text that is none', async () => {
  await using lab = await DoctorLab.open()
  const source = await lab.serve('source.example')
  const doctor = await doctorFor(lab, 'off')
  lab.names.names.set('source.example', { code: 'nxdomain' })
  const report = await doctor.reportOn(source.href, never)
  expect(report?.verdicts.map(({ id }) => id)).toEqual(['dns.nxdomain'])
  expect(await doctor.reportOn('file:///etc/passwd', never)).toBeUndefined()
}, 30_000)
