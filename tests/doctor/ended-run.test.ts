import { expect, test } from 'bun:test'
import { DoctorLab, labLimits, target } from './doctor-lab.ts'
import { startBareServer } from './lab-server.ts'

const patient = { ...labLimits, connectMs: 60_000, tlsMs: 60_000, firstByteMs: 60_000, totalMs: 60_000 }

test('a server that has not answered yet when the run ends is no verdict', async () => {
  await using lab = await DoctorLab.open()
  const end = new AbortController()
  const source = await lab.serve('source.example', { handler: () => end.abort() })
  const report = await lab.examine([target(source)], { limits: patient, signal: end.signal })
  expect(report.verdicts).toEqual([])
  expect(report.complete).toBe(false)
  expect(report.outcome).toBe('unknown')
}, 30_000)

test('a handshake that the end of the run cuts is no verdict', async () => {
  await using lab = await DoctorLab.open()
  const end = new AbortController()
  const { port } = lab.use(await startBareServer((socket) => void socket.once('data', () => end.abort())))
  const source = lab.name('source.example', { port })
  const report = await lab.examine([target(source)], { limits: patient, signal: end.signal })
  expect(report.verdicts).toEqual([])
  expect(report.outcome).toBe('unknown')
}, 30_000)

test('what was found before the end of the run stays', async () => {
  await using lab = await DoctorLab.open()
  const end = new AbortController()
  const asked = Promise.withResolvers<void>()
  const refused = Promise.withResolvers<void>()
  const gone = lab.name('gone.example', { port: 1 })
  const hanging = await lab.serve('source.example', { handler: () => asked.resolve() })
  void Promise.all([asked.promise, refused.promise]).then(() => end.abort())
  const report = await lab.examine([target(gone), target(hanging)], {
    limits: patient,
    signal: end.signal,
    onProgress: ({ layer, target: where, state }) => {
      if (layer === 'tcp' && where === gone.host && state === 'done') refused.resolve()
    },
  })
  expect(report.complete).toBe(false)
  expect(report.outcome).toBe('problem')
  expect(report.verdicts.map(({ id }) => id)).toEqual(['tcp.refused'])
}, 30_000)
