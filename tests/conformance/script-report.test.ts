import { expect, test } from 'bun:test'
import { readScriptResults } from './script-report.ts'

const log = `=== RUN   TestScript
=== RUN   TestScript/mod_a
=== PAUSE TestScript/mod_a
=== RUN   TestScript/mod_b
=== PAUSE TestScript/mod_b
=== CONT  TestScript/mod_a
=== CONT  TestScript/mod_b
=== NAME  TestScript/mod_a
    script_test.go:130: > go mod download
        unexpected success
=== NAME  TestScript/mod_b
    script_test.go:130: PASS
=== RUN   TestScript/mod_load_badzip
    script_test.go:130: refused
--- FAIL: TestScript (0.01s)
    --- SKIP: TestScript/mod_long (0.00s)
    --- FAIL: TestScript/mod_a (0.11s)
    --- PASS: TestScript/mod_b (0.12s)
    --- FAIL: TestScript/mod_load_badzip (0.12s)
FAIL
`

test('each script gets its own outcome and, when it failed, its own output', () => {
  const results = readScriptResults(log, { mod_load_badzip: 'refused' })
  expect(results.passed).toEqual(['mod_b'])
  expect(results.skipped).toEqual(['mod_long'])
  expect(results.excused).toEqual([{ name: 'mod_load_badzip', reason: 'refused' }])
  expect(results.failed.map((one) => one.name)).toEqual(['mod_a'])
  expect(results.failed[0]?.output).toContain('unexpected success')
  expect(results.failed[0]?.output).not.toContain('script_test.go:130: PASS')
})

test('without an excuse a failure is a failure', () => {
  expect(readScriptResults(log, {}).failed.map((one) => one.name)).toEqual(['mod_a', 'mod_load_badzip'])
})

test('a log without scripts has none', () => {
  expect(readScriptResults('testing: warning: no tests to run\nPASS\n')).toEqual({
    passed: [],
    failed: [],
    excused: [],
    skipped: [],
  })
})
