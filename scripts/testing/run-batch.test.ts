import { describe, expect, test } from 'bun:test'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runBatch } from './run-batch.ts'

const head = `import { expect, test } from 'bun:test'\n`

async function runFiles(files: Record<string, string>, limitMs = 60_000) {
  const root = await mkdtemp(join(tmpdir(), 'posthaste-batch-'))
  try {
    for (const [name, text] of Object.entries(files)) await writeFile(join(root, name), text)
    const batch = { name: 'a/b', files: Object.keys(files), limitMs, alone: false }
    const result = await runBatch(batch, { root, reportDir: root, env: { ...process.env }, limitMs })
    const left = await readFile(join(root, 'pid'), 'utf8').catch(() => undefined)
    return { cases: result.cases, pid: left === undefined ? undefined : Number(left) }
  } finally {
    await rm(root, { recursive: true })
  }
}

const failures = (cases: readonly { outcome: string; file: string; name: string }[]) =>
  cases.filter((one) => one.outcome === 'failed').map((one) => `${one.file} ${one.name}`)

describe('a batch', () => {
  test('passes when every file passes', async () => {
    const { cases } = await runFiles({ 'x.test.ts': `${head}test('one', () => { expect(1).toBe(1) })` })
    expect(cases.map((one) => [one.file, one.name, one.outcome])).toEqual([['x.test.ts', 'one', 'passed']])
  })

  test('names what failed', async () => {
    const { cases } = await runFiles({
      'x.test.ts': `${head}test('one', () => {})\ntest('two', () => { expect(1).toBe(2) })`,
    })
    expect(failures(cases)).toEqual(['x.test.ts two'])
    expect(cases.find((one) => one.outcome === 'failed')?.detail).toContain('Expected: 2')
  })

  test.each([
    ['a file that does not load', `import './absent.ts'\n${head}test('never', () => {})`],
    ['a file without tests', `export const nothing = 1`],
  ])('fails for %s', async (_, text) => {
    const { cases } = await runFiles({ 'ok.test.ts': `${head}test('one', () => {})`, 'x.test.ts': text })
    expect(failures(cases)).toEqual(['x.test.ts (file)'])
  })

  test.each([
    ['that leaves early with success', `test('leaves', () => { process.exit(0) })`],
    ['that is killed', `test('dies', () => { process.kill(process.pid, 'SIGKILL') })`],
  ])('fails for a process %s', async (_, text) => {
    const { cases } = await runFiles({ 'x.test.ts': head + text })
    expect(failures(cases)).toEqual(['a/b (batch)'])
  })

  test('fails when it runs out of time, and leaves no process behind', async () => {
    const { cases, pid } = await runFiles(
      {
        'x.test.ts': `${head}
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
test('hangs', async () => {
  writeFileSync('pid', String(spawn('sleep', ['600']).pid))
  await new Promise((resolve) => setTimeout(resolve, 600_000))
}, 600_000)`,
      },
      2_000,
    )
    expect(failures(cases)).toEqual(['a/b (batch)'])
    expect(pid).toBeGreaterThan(0)
    expect(await isGone(pid ?? 0)).toBe(true)
  })
})

async function isGone(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  return stat === undefined || / Z /.test(stat)
}
