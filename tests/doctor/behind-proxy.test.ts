import { expect, test } from 'bun:test'
import { DoctorLab, target } from './doctor-lab.ts'
import { startBareServer, startLabServer } from './lab-server.ts'
import { tunnel } from './proxy-faults.ts'

async function tracedHosts(lab: DoctorLab, env: Readonly<Record<string, string>>) {
  const mute = lab.use(await startBareServer(() => undefined))
  const source = lab.name('source.example', mute)
  const traced: string[] = []
  const report = await lab.examine([target(source)], {
    env,
    tracePath: async ({ host }) => {
      traced.push(host)
      return { outcome: 'problem', summary: 'from hop 3 on' }
    },
  })
  return { traced, ids: report.verdicts.map(({ id }) => id) }
}

test('the path of a target is traced where it is gone to directly', async () => {
  await using lab = await DoctorLab.open()
  expect((await tracedHosts(lab, {})).traced).toEqual(['source.example'])
}, 30_000)

test('behind a proxy the path of the target says nothing', async () => {
  await using lab = await DoctorLab.open()
  const { port } = lab.use(await startLabServer({ handler: tunnel }))
  lab.names.names.set('proxy.example', { addresses: ['127.0.0.1'] })
  const { traced, ids } = await tracedHosts(lab, { HTTPS_PROXY: `http://proxy.example:${port}` })
  expect(traced).toEqual([])
  expect(ids).not.toContain('path.fault')
  expect(ids).not.toEqual([])
}, 30_000)
