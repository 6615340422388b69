import { expect, test } from 'bun:test'
import { DoctorLab, except, honest, paths, target } from './doctor-lab.ts'
import { answer, type LabHandler } from './lab-server.ts'
import * as pypi from './pypi-index.ts'

const files = [paths.small, paths.medium]

const ids = ({ verdicts }: Awaited<ReturnType<DoctorLab['examine']>>) => verdicts.map(({ id }) => id)

/** A source whose files lie at another host. */
const elsewhere = (base: URL, search = ''): LabHandler =>
  except(files, ({ path }, socket) =>
    answer(socket, { status: 302, headers: { Location: `${new URL(path, base).href}${search}` } }),
  )

test('an address with a signature is asked for as it was given, and recorded without it', async () => {
  await using lab = await DoctorLab.open()
  const search = `?token=s3cr3tvalue&X-Amz-Signature=0123456789abcdef&pad=${'x'.repeat(400)}`
  const host = await lab.serve('files.example', {
    handler: (request, socket) =>
      request.path.endsWith(search)
        ? honest({ ...request, path: request.path.slice(0, -search.length) }, socket)
        : answer(socket, { status: 403, body: 'signature' }),
  })
  const source = await lab.serve('source.example', { handler: elsewhere(host, search) })
  const report = await lab.examine([target(source)])
  expect(ids(report)).toEqual([])
  expect(report.outcome).toBe('healthy')
  expect(JSON.stringify(report)).not.toMatch(/s3cr3tvalue|0123456789abcdef/)
}, 30_000)

test.each([403, 404, 500])(
  'files behind a redirect whose host answers %d are a verdict',
  async (status) => {
    await using lab = await DoctorLab.open()
    const host = await lab.serve('files.example', {
      handler: (_, socket) => answer(socket, { status, body: 'no' }),
    })
    const source = await lab.serve('source.example', { handler: elsewhere(host) })
    const report = await lab.examine([target(source)])
    expect(ids(report)).toEqual(['http.redirect'])
    expect(report.verdicts[0]?.title).toContain('files.example')
    expect(report.verdicts[0]?.evidence.join('\n')).toContain(String(status))
  },
  30_000,
)

test('a source whose pinned file never came is not healthy', async () => {
  await using lab = await DoctorLab.open()
  const source = await lab.serve('source.example', {
    handler: except(files, (_, socket) => answer(socket, { status: 302 })),
  })
  const report = await lab.examine([target(source)])
  expect(ids(report)).toEqual([])
  expect(report.outcome).toBe('unknown')
}, 30_000)

test('healthy redirects of several targets are no loop', async () => {
  await using lab = await DoctorLab.open()
  const all: LabHandler = (request, socket) =>
    request.path.startsWith('/real')
      ? honest({ ...request, path: request.path.slice('/real'.length) }, socket)
      : answer(socket, { status: 302, headers: { Location: `/real${request.path}` } })
  const targets = [
    target(await lab.serve('one.example', { handler: all })),
    target(await lab.serve('two.example', { handler: all })),
    target(await lab.serve('three.example', { handler: all })),
    target(await lab.serve('control.example', { handler: all }), 'control'),
  ]
  const report = await lab.examine(targets)
  expect(report.evidence.filter((record) => 'hop' in record).length).toBeGreaterThan(10)
  expect(ids(report)).toEqual([])
  expect(report.outcome).toBe('healthy')
}, 30_000)

test('a simple index behind a redirect to another host is fine', async () => {
  await using lab = await DoctorLab.open()
  const index = await lab.serve('index.example', { handler: pypi.handler({ metadata: true }) })
  const report = await pypi.examine(lab, ({ path }, socket) =>
    answer(socket, { status: 302, headers: { Location: new URL(path, index).href } }),
  )
  expect(ids(report).filter((id) => id === 'http.redirect')).toEqual([])
}, 30_000)

test("a broken redirect shows, whatever another target's redirects do", async () => {
  await using lab = await DoctorLab.open()
  const host = await lab.serve('files.example')
  const fine = await lab.serve('fine.example', { handler: elsewhere(host) })
  const broken = await lab.serve('broken.example', { handler: elsewhere(new URL('https://127.0.0.1:1/')) })
  const report = await lab.examine([target(fine), target(broken)])
  expect(report.verdicts.map(({ id, target: where }) => `${id} ${where}`)).toEqual([
    `http.redirect ${broken.host}`,
  ])
  expect(report.verdicts[0]?.title).toContain('127.0.0.1:1')
}, 30_000)

test('a second redirect that leads nowhere shows as well', async () => {
  await using lab = await DoctorLab.open()
  const second = await lab.serve('second.example', { handler: elsewhere(new URL('https://127.0.0.1:1/')) })
  const source = await lab.serve('source.example', { handler: elsewhere(second) })
  const report = await lab.examine([target(source)])
  expect(ids(report)).toEqual(['http.redirect'])
  expect(report.verdicts[0]?.title).toContain('127.0.0.1:1')
}, 30_000)

test('an index whose files lie at a host that cannot be reached is not healthy', async () => {
  await using lab = await DoctorLab.open()
  const report = await pypi.examine(lab, ({ path }, socket) => {
    const file = `${path.split('/').at(-2)}-1.0-py3-none-any.whl`
    const known = path.startsWith('/simple/small') || path.startsWith('/simple/medium')
    answer(socket, {
      status: known ? 200 : 404,
      headers: { 'Content-Type': 'text/html' },
      body: `<html><body><a href="https://127.0.0.1:1/${file}">${file}</a></body></html>`,
    })
  })
  expect(report.complete).toBe(true)
  expect(report.outcome).not.toBe('healthy')
}, 30_000)
