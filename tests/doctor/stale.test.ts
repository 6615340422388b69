import { expect, test } from 'bun:test'
import { DoctorLab, except, paths, target } from './doctor-lab.ts'
import { answer, type LabHandler } from './lab-server.ts'

const naming = (versions: readonly string[]): LabHandler =>
  except(paths.list, (_, socket) => answer(socket, { body: `${versions.join('\n')}\n` }))

/** What a source lacks in the eyes of the doctor, compared with a control that names these versions. */
async function verdictsFor(own: readonly string[], others: readonly string[]) {
  await using lab = await DoctorLab.open()
  const source = target(await lab.serve('source.example', { handler: naming(own) }))
  const control = target(await lab.serve('control.example', { handler: naming(others) }), 'control')
  const report = await lab.examine([source, control])
  return report.verdicts.map(({ id, title }) => ({ id, title }))
}

const versions = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => `v1.${from + index}.0`)

test('a source that leaves out old versions is not behind', async () => {
  expect(await verdictsFor(versions(11, 30), versions(1, 30))).toEqual([])
}, 30_000)

test('a source that lacks what lies before its own newest version is not behind', async () => {
  const pruned = versions(1, 30).filter((version) => !['v1.20.0', 'v1.21.0', 'v1.22.0'].includes(version))
  expect(await verdictsFor(pruned, versions(1, 30))).toEqual([])
}, 30_000)

test('a source that is newer than one with more versions is not behind', async () => {
  expect(await verdictsFor(['v1.31.0'], versions(1, 30))).toEqual([])
}, 30_000)

test('the newest missing version is named, in whatever order they come', async () => {
  const [found, ...more] = await verdictsFor(versions(1, 8), versions(1, 12).toReversed())
  expect(more).toEqual([])
  expect(found?.id).toBe('mirror.stale')
  expect(found?.title).toContain('v1.12.0')
}, 30_000)
