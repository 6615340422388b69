/** `npm test [-- PATTERN…]`: finds and runs every suite, and ends with one plain line of totals. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { type ConformanceReport, parseConformanceReport } from '../tests/conformance/conformance-report.ts'
import type { TestCase } from './testing/junit-report.ts'
import { endAllOnSignal } from './testing/live-processes.ts'
import { lastLines, runBatch } from './testing/run-batch.ts'
import { runLimited } from './testing/run-limited.ts'
import { type Batch, findTestFiles, planBatches } from './testing/test-plan.ts'

const usage = `usage: npm test [-- [--all] [PATTERN…]]
Runs the unit tests, the black-box suites and Go's own script tests; with PATTERNs only the files whose path
holds one of them ("conformance-go" is the script tests). --all runs the long tiers too (npm run test:all).
Example: npm test -- src/store`

const root = dirname(import.meta.dirname)
const conformanceName = 'conformance-go'
const minuteMs = 60_000

interface Totals {
  passed: number
  failed: number
  skipped: number
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { all: { type: 'boolean' }, help: { type: 'boolean' } },
  })
  if (values.help) {
    process.stdout.write(`${usage}\n`)
    return 0
  }
  const all = values.all === true || process.env.POSTHASTE_TEST_ALL === '1'
  const env = { ...process.env, ...(all && { POSTHASTE_TEST_ALL: '1' }) }
  const wanted = (path: string) => positionals.length === 0 || positionals.some((part) => path.includes(part))
  const files = (await findTestFiles(root, ['src', 'lab', 'scripts', 'tests'])).filter(wanted)
  const deadlineMs = performance.now() + (all ? 120 : 26) * minuteMs
  const reportDir = await mkdtemp(join(tmpdir(), 'posthaste-test-'))
  const totals: Totals = { passed: 0, failed: 0, skipped: 0 }
  const failures: TestCase[] = []
  const skips: string[] = []
  const report = (name: string, cases: readonly TestCase[], tookMs: number, output: string) => {
    const count = (outcome: TestCase['outcome']) => cases.filter((one) => one.outcome === outcome).length
    totals.passed += count('passed')
    totals.failed += count('failed')
    totals.skipped += count('skipped')
    for (const one of cases) {
      if (one.outcome === 'failed') failures.push(one)
      if (one.outcome === 'skipped')
        skips.push(`${one.file}: ${one.name}${one.detail === '' ? ' (gives no reason)' : ''}`)
    }
    const mark = count('failed') > 0 ? 'FAIL' : 'ok  '
    const skipped = count('skipped') > 0 ? `, ${count('skipped')} skipped` : ''
    print(
      `${mark} ${name}: ${count('passed')} passed, ${count('failed')} failed${skipped} (${seconds(tookMs)})`,
    )
    if (count('failed') > 0) print(lastLines(output, 200))
  }
  const runOne = async (batch: Batch) => {
    const limitMs = Math.min(batch.limitMs, deadlineMs - performance.now())
    if (limitMs <= 0) {
      const detail = 'not run: the whole run is out of time'
      report(
        batch.name,
        [{ file: batch.name, name: '(batch)', outcome: 'failed', detail, timeMs: 0 }],
        0,
        detail,
      )
      return
    }
    const result = await runBatch(batch, { root, reportDir, env, limitMs })
    report(batch.name, result.cases, result.tookMs, result.output)
  }

  try {
    const batches = planBatches(files, { all })
    print(`posthaste tests: ${files.length} files in ${batches.length} batches${all ? ', all tiers' : ''}`)
    await runSideBySide(
      batches.filter((batch) => !batch.alone),
      2,
      runOne,
    )
    await runSideBySide(
      batches.filter((batch) => batch.alone),
      1,
      runOne,
    )
    if (wanted(conformanceName)) {
      const limitMs = Math.max(1, Math.min(10 * minuteMs, deadlineMs - performance.now()))
      const result = await runConformance(join(reportDir, 'conformance.json'), env, limitMs)
      report(conformanceName, result.cases, result.tookMs, result.output)
    }
  } finally {
    await rm(reportDir, { recursive: true, force: true })
  }

  if (totals.passed + totals.failed + totals.skipped === 0) {
    failures.push({
      file: 'npm test',
      name: positionals.join(' '),
      outcome: 'failed',
      detail: 'no test found',
      timeMs: 0,
    })
    totals.failed = 1
  }
  if (skips.length > 0) print(`\nSkipped:\n${skips.map((line) => `  ${line}`).join('\n')}`)
  if (failures.length > 0) print(`\nFailed:\n${failures.map(describeFailure).join('\n')}`)
  const skipped = totals.skipped > 0 ? `, ${totals.skipped} skipped` : ''
  print(`\n${totals.passed} passed, ${totals.failed} failed${skipped}`)
  return totals.failed === 0 ? 0 : 1
}

async function runConformance(
  reportFile: string,
  env: Readonly<Record<string, string | undefined>>,
  limitMs: number,
): Promise<{ cases: TestCase[]; tookMs: number; output: string }> {
  const result = await runLimited({
    command: process.execPath,
    args: [join(root, 'scripts/conformance-go.ts'), '--report', reportFile],
    cwd: root,
    env,
    limitMs,
  })
  const cases = await readFile(reportFile, 'utf8').then(
    (text) => conformanceCases(parseConformanceReport(text)),
    (): TestCase[] => [],
  )
  const explained = result.code === 0 ? cases.length > 0 : cases.some((one) => one.outcome === 'failed')
  if (!explained) {
    const how = result.timedOut
      ? `ran out of its ${seconds(limitMs)}`
      : `ended with ${result.signal ?? result.code}`
    const detail = `${how}; its last lines:\n${lastLines(result.output, 20)}`
    cases.push({ file: conformanceName, name: '(run)', outcome: 'failed', detail, timeMs: 0 })
  }
  return { cases, tookMs: result.tookMs, output: result.output }
}

function conformanceCases(report: ConformanceReport): TestCase[] {
  const one = (outcome: TestCase['outcome'], name: string, detail: string): TestCase => ({
    file: conformanceName,
    name: detail === '' || outcome === 'failed' ? name : `${name} [skipped: ${detail}]`,
    outcome,
    detail,
    timeMs: 0,
  })
  if (report.unavailable !== undefined) return [one('skipped', 'cmd/go script tests', report.unavailable)]
  return [
    ...report.passed.map((name) => one('passed', name, '')),
    ...report.failed.map(({ name, output }) => one('failed', name, lastLines(output, 20))),
    ...report.excused.map(({ name, reason }) => one('skipped', name, reason)),
  ]
}

/** Runs `work` over `items`, at most `width` at a time. */
async function runSideBySide<T>(items: readonly T[], width: number, work: (item: T) => Promise<void>) {
  const queue = [...items]
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item)
  }
  await Promise.all(Array.from({ length: width }, worker))
}

function describeFailure(failure: TestCase): string {
  const detail = failure.detail.split('\n').slice(0, 30).join('\n      ')
  return `  ${failure.file}: ${failure.name}\n      ${detail}`
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

endAllOnSignal()
process.exitCode = await main().catch((error) => {
  process.stderr.write(`npm test: ${error instanceof Error ? error.message : String(error)}\n${usage}\n`)
  return 64
})
