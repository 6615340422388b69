import type { ConformanceReport } from './conformance-report.ts'

/** Scripts that may fail, each because the product refuses by itself what the script wants the client to refuse. */
export const excusable: Readonly<Record<string, string>> = {
  mod_load_badzip: 'the zip breaks the module zip rules: it is refused before a client can see it',
  mod_bad_filenames:
    'the zip holds file names that the module zip rules forbid: it is refused before a client can see it',
}

/** Reads the output of `cmdgo.test -test.v`: each script's outcome, and for failures what the script printed. */
export function readScriptResults(
  log: string,
  excuses: Readonly<Record<string, string>> = excusable,
): Omit<ConformanceReport, 'unavailable'> {
  const outputs = new Map<string, string[]>()
  const passed: string[] = []
  const skipped: string[] = []
  const failedNames: string[] = []
  let current: string | undefined
  for (const line of log.split('\n')) {
    const moved = /^=== (?:RUN|NAME|CONT|PAUSE) +(\S+)/.exec(line)
    if (moved !== null) {
      current = scriptName(moved[1])
      continue
    }
    const ended = /^ +--- (PASS|FAIL|SKIP): (\S+)/.exec(line)
    const name = scriptName(ended?.[2])
    if (ended !== null && name !== undefined) {
      if (ended[1] === 'PASS') passed.push(name)
      else if (ended[1] === 'SKIP') skipped.push(name)
      else failedNames.push(name)
      continue
    }
    if (current === undefined) continue
    const output = outputs.get(current)
    if (output === undefined) outputs.set(current, [line])
    else output.push(line)
  }
  const failed: { name: string; output: string }[] = []
  const excused: { name: string; reason: string }[] = []
  for (const name of failedNames) {
    const reason = excuses[name]
    if (reason !== undefined) excused.push({ name, reason })
    else failed.push({ name, output: (outputs.get(name) ?? []).join('\n').trim() })
  }
  return { passed, failed, excused, skipped }
}

function scriptName(test: string | undefined): string | undefined {
  return test?.startsWith('TestScript/') ? test.slice('TestScript/'.length) : undefined
}
