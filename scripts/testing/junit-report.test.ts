import { expect, test } from 'bun:test'
import { parseJunitReport } from './junit-report.ts'

const report = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="bun test" tests="5" failures="1" skipped="2">
  <testsuite name="a.test.ts" file="a.test.ts">
    <testsuite name="outer &lt;x&gt;" file="a.test.ts">
      <testcase name="ok &amp; fine" classname="outer &lt;x&gt;" time="0.25" file="a.test.ts" line="2" assertions="1" />
      <testcase name="throws" classname="outer &lt;x&gt;" time="0" file="a.test.ts" line="4">
        <failure type="Error" message="boom">Error: boom &lt;tag&gt; ]]&gt;&#10;      at a.test.ts:4:57&#10;</failure>
      </testcase>
    </testsuite>
    <testcase name="needs go [skipped: no go on this machine]" classname="" time="0" file="a.test.ts">
      <skipped />
    </testcase>
    <testcase name="later" classname="" time="0" file="a.test.ts">
      <skipped message="TODO" />
    </testcase>
    <testcase name="plain" classname="" time="0" file="a.test.ts" />
  </testsuite>
</testsuites>
`

test('every test case of a report is read with its outcome', () => {
  expect(parseJunitReport(report)).toEqual([
    { file: 'a.test.ts', name: 'outer <x> > ok & fine', outcome: 'passed', detail: '', timeMs: 250 },
    {
      file: 'a.test.ts',
      name: 'outer <x> > throws',
      outcome: 'failed',
      detail: 'Error: boom <tag> ]]>\n      at a.test.ts:4:57',
      timeMs: 0,
    },
    {
      file: 'a.test.ts',
      name: 'needs go [skipped: no go on this machine]',
      outcome: 'skipped',
      detail: 'no go on this machine',
      timeMs: 0,
    },
    { file: 'a.test.ts', name: 'later', outcome: 'skipped', detail: 'not written yet', timeMs: 0 },
    { file: 'a.test.ts', name: 'plain', outcome: 'passed', detail: '', timeMs: 0 },
  ])
})

test('a report that is cut short is refused', () => {
  expect(() => parseJunitReport(report.slice(0, 600))).toThrow('cut short')
  expect(() => parseJunitReport('')).toThrow('cut short')
})
