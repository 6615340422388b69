import { expect, test } from 'bun:test'
import { DoctorLab, honest, target } from './doctor-lab.ts'
import { answer, type LabHandler } from './lab-server.ts'
import * as pypi from './pypi-index.ts'

interface Source {
  readonly ecosystem?: 'go' | 'pypi'
  readonly secure?: boolean
}

/** What a run says, and how often it asked the portal address. */
async function examine(handler: LabHandler, { ecosystem = 'go', secure = false }: Source = {}) {
  await using lab = await DoctorLab.open()
  let asked = 0
  const portalProbe = await lab.servePlain('portal.example', (_, socket) => {
    asked++
    answer(socket, { status: 204 })
  })
  const source = secure
    ? await lab.serve('source.example', { handler })
    : await lab.servePlain('source.example', handler)
  const url = ecosystem === 'pypi' ? new URL('simple/', source) : source
  const report = await lab.examine([target(url, 'source', ecosystem)], {
    portalProbe,
    sumdbName: 'absent.example',
    ...(ecosystem === 'pypi' ? { catalogues: { pypi: pypi.pypiCatalogue } } : {}),
  })
  return { asked, outcome: report.outcome }
}

test('a source that only says what it lacks is no reason to look for a login page', async () => {
  expect(await examine(honest)).toEqual({ asked: 0, outcome: 'healthy' })
}, 30_000)

test('a simple index, made of web pages, from a host with a certificate is none', async () => {
  const index = pypi.handler({ metadata: true })
  expect(await examine(index, { ecosystem: 'pypi', secure: true })).toEqual({ asked: 0, outcome: 'healthy' })
}, 30_000)

test('a login page in place of a file is one', async () => {
  const login: LabHandler = (_, socket) =>
    answer(socket, { headers: { 'Content-Type': 'text/html' }, body: '<html><title>Welcome</title></html>' })
  expect((await examine(login)).asked).toBe(1)
}, 30_000)

test('so is one in place of an index', async () => {
  const login: LabHandler = (_, socket) => answer(socket, { status: 302, headers: { Location: '/login' } })
  expect((await examine(login, { ecosystem: 'pypi' })).asked).toBe(1)
}, 30_000)
