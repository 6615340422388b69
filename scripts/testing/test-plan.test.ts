import { expect, test } from 'bun:test'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { findTestFiles, planBatches } from './test-plan.ts'

test('test files are found below the folders, sorted, without test data and dependencies', async () => {
  const root = await mkdtemp(join(tmpdir(), 'posthaste-plan-'))
  try {
    for (const path of [
      'src/b/x.test.ts',
      'src/a/x.ts',
      'src/a/deep/y.test.ts',
      'src/a/testdata/no.test.ts',
      'src/node_modules/no.test.ts',
      'other/no.test.ts',
    ]) {
      await mkdir(dirname(join(root, path)), { recursive: true })
      await writeFile(join(root, path), '')
    }
    expect(await findTestFiles(root, ['src', 'absent'])).toEqual(['src/a/deep/y.test.ts', 'src/b/x.test.ts'])
  } finally {
    await rm(root, { recursive: true })
  }
})

test('a batch is a room, an ecosystem, or one black-box file', () => {
  const names = planBatches(
    [
      'lab/relay.test.ts',
      'lab/deep/x.test.ts',
      'scripts/testing/x.test.ts',
      'src/main.test.ts',
      'src/store/local/x.test.ts',
      'src/store/y.test.ts',
      'src/ecosystems/list.test.ts',
      'src/ecosystems/go/x.test.ts',
      'src/ecosystems/go/zip/x.test.ts',
      'tests/launcher.test.ts',
      'tests/clients/go/cold.test.ts',
    ],
    { all: false },
  ).map((batch) => [batch.name, batch.files.length, batch.alone])
  expect(names).toEqual([
    ['lab', 2, false],
    ['scripts', 1, false],
    ['src', 1, false],
    ['src/store', 2, false],
    ['src/ecosystems', 1, false],
    ['src/ecosystems/go', 2, false],
    ['tests/launcher.test.ts', 1, true],
    ['tests/clients/go/cold.test.ts', 1, true],
  ])
})

test('the full tier has longer limits', () => {
  const limit = (all: boolean) => planBatches(['tests/x.test.ts'], { all })[0]?.limitMs ?? 0
  expect(limit(true)).toBeGreaterThan(limit(false))
})
