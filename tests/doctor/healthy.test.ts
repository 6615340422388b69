import { expect, test } from 'bun:test'
import { turns } from '../support/turns.ts'
import { type ClientScene, examineClient } from './client-faults.ts'
import { DoctorLab, except, honest, labLimits, paths, target } from './doctor-lab.ts'
import { namesOf } from './fault-row.ts'
import { answer, startLabServer } from './lab-server.ts'
import { tunnel } from './proxy-faults.ts'
import * as pypi from './pypi-index.ts'

const runs = 30
const sideBySide = 4

async function healthy(lab: DoctorLab) {
  const source = await lab.serve('source.example')
  const plain = await lab.servePlain('plain.example')
  const database = await lab.serve('sum.example')
  const control = await lab.serve('control.example')
  return [target(source), target(plain), target(database, 'database'), target(control, 'control')]
}

test(`a healthy network is silent in ${runs} runs`, async () => {
  await using lab = await DoctorLab.open()
  const targets = await healthy(lab)
  const portal = await lab.servePlain('portal.example', (_, socket) => answer(socket, { status: 204 }))
  const alarms: string[] = []
  const inTurn = turns(sideBySide)
  const one = async () => {
    const report = await lab.examine(targets, { sumdbName: 'sum.example', portalProbe: portal })
    alarms.push(...namesOf(report, []))
    expect(report.outcome).toBe(report.verdicts.length === 0 ? 'healthy' : 'problem')
    expect(report.complete).toBe(true)
  }
  await Promise.all(Array.from({ length: runs }, () => inTurn(one)))
  expect(alarms).toEqual([])
}, 120_000)

test('an honest proxy is silent', async () => {
  await using lab = await DoctorLab.open()
  const source = await lab.serve('source.example')
  const proxy = lab.use(await startLabServer({ handler: tunnel }))
  lab.names.names.set('proxy.example', { addresses: ['127.0.0.1'] })
  const env = { HTTPS_PROXY: `http://proxy.example:${proxy.port}` }
  const report = await lab.examine([target(source)], { env })
  expect(report.verdicts).toEqual([])
  expect(report.outcome).toBe('healthy')
  expect(report.evidence.some((record) => record.probe === 'proxy.tunnel' && record.outcome === 'open')).toBe(
    true,
  )
}, 30_000)

const honestClients: readonly ClientScene[] = [
  { words: ['npm'], ecosystem: 'npm', files: { '.npmrc': 'https-proxy=http://PROXY\n' } },
  { words: ['yarn4'], ecosystem: 'npm', files: { '.yarnrc.yml': 'httpsProxy: "http://PROXY"\n' } },
  { words: ['pip'], ecosystem: 'pypi', files: { '.config/pip/pip.conf': '[global]\nproxy = PROXY\n' } },
  { words: ['cargo'], ecosystem: 'cargo', files: { '.cargo/config.toml': '[http]\nproxy = "PROXY"\n' } },
  {
    words: ['gradle'],
    ecosystem: 'maven',
    files: {
      '.gradle/gradle.properties':
        'systemProp.https.proxyHost=proxy.example\nsystemProp.https.proxyPort=PORT\n',
    },
  },
  {
    words: [],
    ecosystem: 'pypi',
    files: { '.config/pip/pip.conf': '[global]\nproxy = PROXY\n', 'bin/pip': '#!/bin/sh\n' },
  },
]

test.each(honestClients)(
  'an honest proxy in the settings of a client is silent: $words',
  async (scene) => {
    await using lab = await DoctorLab.open()
    const report = await examineClient(lab, { ...scene, proxy: tunnel })
    expect(report.verdicts).toEqual([])
    const tunnels = report.evidence.filter(({ probe }) => probe === 'proxy.tunnel')
    expect(tunnels.length).toBeGreaterThan(0)
    expect(tunnels.every(({ outcome }) => outcome === 'open')).toBe(true)
  },
  30_000,
)

test('a private mirror with a trusted certificate is silent', async () => {
  await using lab = await DoctorLab.open()
  const source = await lab.serve('source.example')
  const report = await lab.examine([target(source)], { allowPrivate: [] })
  expect(report.verdicts).toEqual([])
}, 30_000)

test('an index of web pages whose metadata files are there is silent', async () => {
  await using lab = await DoctorLab.open()
  const report = await pypi.examine(lab, pypi.handler({ metadata: true }))
  expect(report.verdicts).toEqual([])
  expect(report.outcome).toBe('healthy')
  expect(report.evidence.some((record) => record.probe === 'http' && record.purpose === 'announced')).toBe(
    true,
  )
}, 30_000)

test('files on another host, behind a redirect, are fine', async () => {
  await using lab = await DoctorLab.open()
  const files = await lab.serve('files.example')
  const source = await lab.serve('source.example', {
    handler: except([paths.small, paths.medium], ({ path }, socket) =>
      answer(socket, { status: 302, headers: { Location: new URL(path, files).href } }),
    ),
  })
  const report = await lab.examine([target(source)])
  expect(report.verdicts).toEqual([])
  expect(report.outcome).toBe('healthy')
}, 30_000)

test('two faults at once show both', async () => {
  await using lab = await DoctorLab.open()
  const source = await lab.serve('source.example')
  const second = await lab.serve('second.example', {
    handler: except(paths.small, (_, socket) => answer(socket, { body: 'other bytes' })),
  })
  lab.names.names.set('source.example', { code: 'nxdomain' })
  const report = await lab.examine([target(source), target(second)])
  expect(report.verdicts.map(({ id }) => id).sort()).toEqual(['dns.nxdomain', 'integrity.mismatch'])
}, 30_000)

test("a fault of the network and one of a client's own file show both, the network first", async () => {
  await using lab = await DoctorLab.open()
  const broken = await lab.serve('broken.example')
  lab.names.names.set('broken.example', { code: 'nxdomain' })
  const report = await examineClient(lab, {
    words: [],
    ecosystem: 'pypi',
    files: { '.config/pip/pip.conf': '[global]\nproxy = PROXY\n', 'bin/pip': '#!/bin/sh\n' },
    more: [target(broken, 'source', 'pypi')],
  })
  expect(report.verdicts.map(({ id }) => id)).toEqual(['dns.nxdomain', 'proxy.dead'])
}, 30_000)

test('DNS and TLS faults of different hosts show both', async () => {
  await using lab = await DoctorLab.open()
  const expired = await lab.serve('source.example', {
    certificate: lab.certificate('source.example', { validTo: new Date(Date.now() - 86_400_000) }),
  })
  const second = await lab.serve('second.example')
  lab.names.names.set('second.example', { code: 'servfail' })
  const control = await lab.serve('control.example')
  const report = await lab.examine([target(expired), target(second), target(control, 'control')])
  expect(report.verdicts.map(({ id }) => id).sort()).toEqual(['cert.expired', 'dns.servfail'])
}, 30_000)

test('a run ends in its time, and says what was left out', async () => {
  await using lab = await DoctorLab.open()
  const source = await lab.serve('source.example', { handler: () => undefined })
  const limits = { ...labLimits, firstByteMs: 60_000, totalMs: 700 }
  const report = await lab.examine([target(source)], { limits })
  expect(report.complete).toBe(false)
  expect(report.outcome).not.toBe('healthy')
}, 30_000)

test('an untrusted certificate gets no request', async () => {
  await using lab = await DoctorLab.open()
  let requests = 0
  const source = await lab.serve('source.example', {
    certificate: lab.certificate('other.example'),
    handler: (request, socket) => {
      requests++
      void honest(request, socket)
    },
  })
  await lab.examine([target(source)])
  expect(requests).toBe(0)
}, 30_000)
