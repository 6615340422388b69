import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseJunitReport, type TestCase } from './junit-report.ts'
import { runLimited } from './run-limited.ts'
import type { Batch } from './test-plan.ts'

export interface BatchResult {
  readonly name: string
  readonly cases: readonly TestCase[]
  /** What Bun printed: failures with their code frames. */
  readonly output: string
  readonly tookMs: number
}

export interface RunBatchOptions {
  readonly root: string
  /** An existing folder for the report. */
  readonly reportDir: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** May be shorter than the batch's own limit, when the whole run is nearly out of time. */
  readonly limitMs: number
}

const testLimitMs = 60_000

/**
 * Runs one batch in Bun's test runner. Besides the failures that the report names, these count as failed: a
 * batch that ran out of time, crashed or left no whole report, a non-zero exit that no failure explains, and a
 * file that did not load or holds no test (Bun leaves both out of its report).
 */
export async function runBatch(batch: Batch, options: RunBatchOptions): Promise<BatchResult> {
  const report = join(options.reportDir, `${batch.name.replaceAll('/', '-')}.xml`)
  const result = await runLimited({
    command: process.execPath,
    args: [
      'test',
      '--no-orphans',
      '--only-failures',
      `--timeout=${testLimitMs}`,
      '--reporter=junit',
      `--reporter-outfile=${report}`,
      ...batch.files.map((file) => `./${file}`),
    ],
    cwd: options.root,
    env: options.env,
    limitMs: options.limitMs,
  })
  const cases: TestCase[] = []
  const fail = (file: string, name: string, detail: string) =>
    cases.push({ file, name, detail, outcome: 'failed', timeMs: 0 })
  try {
    cases.push(...parseJunitReport(await readFile(report, 'utf8')))
    const reported = new Set(cases.map((one) => one.file.replaceAll('\\', '/')))
    for (const file of batch.files) {
      if (!reported.has(file)) fail(file, '(file)', 'did not load, or holds no test')
    }
  } catch (error) {
    const why = result.timedOut
      ? `ran out of its ${Math.round(options.limitMs / 1000)} s`
      : `ended with ${result.signal ?? `exit code ${result.code}`} and without a whole report (${String(error)})`
    fail(batch.name, '(batch)', `${why}; its last lines:\n${lastLines(result.output, 30)}`)
  }
  if (cases.every((one) => one.outcome !== 'failed') && (result.code !== 0 || result.timedOut)) {
    const how = result.timedOut ? 'did not end in time' : `ended with ${result.signal ?? result.code}`
    fail(
      batch.name,
      '(batch)',
      `${how} though no test failed; its last lines:\n${lastLines(result.output, 30)}`,
    )
  }
  return { name: batch.name, cases, output: result.output, tookMs: result.tookMs }
}

export function lastLines(text: string, count: number): string {
  return text.trimEnd().split('\n').slice(-count).join('\n')
}
