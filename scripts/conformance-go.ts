/** `npm run conformance:go`: Go's own cmd/go script tests, driven through Posthaste or another proxy. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import {
  buildCmdgo,
  findGoTree,
  type GoTree,
  proxyVariable,
  testDatabaseKey,
} from '../tests/conformance/cmdgo-binary.ts'
import type { ConformanceReport } from '../tests/conformance/conformance-report.ts'
import { startProxyRouter } from '../tests/conformance/proxy-router.ts'
import { startReferenceProxy } from '../tests/conformance/reference-proxy.ts'
import { readScriptResults } from '../tests/conformance/script-report.ts'
import { startProduct } from '../tests/support/product.ts'
import { temporaryFolder } from '../tests/support/temporary-folder.ts'
import { endAllOnSignal } from './testing/live-processes.ts'
import { lastLines } from './testing/run-batch.ts'
import { runLimited } from './testing/run-limited.ts'

const usage = `usage: npm run conformance:go [-- OPTION…]
Runs the module scripts of Go's cmd/go tests (short mode) with Posthaste as their GOPROXY and checksum database.
  -run RE          only the scripts whose name matches (default: ${'mod_, get_, goauth, …'})
  --through URL    measure another proxy; its upstream is http://127.0.0.1:PORT/mod of --reference-port
  --reference-port PORT   where the reference upstream listens (default: any free port)
  --pass-through   no proxy at all: shows that the harness itself passes
  --report FILE    also write the results as JSON
Exit codes: 0 passed (or no Go source tree), 1 failed, 2 could not tell, 64 wrong usage.
Example: npm run conformance:go -- -run mod_download`

const defaultPattern = '^(mod_|gotoolchain_net|goauth|get_|list_module)'
/** With the default pattern, fewer scripts than this mean that the harness is broken, not that the proxy is good. */
const leastScripts = 200
/**
 * The reference's database leaves files whose name starts with a dot out of its sums, so what it records of this
 * module contradicts the zip that the reference itself serves; a proxy that proves zips rightly refuses that.
 */
const misrecorded = 'example.com/dotname'
const scriptsLimitMs = 8 * 60_000

interface Options {
  readonly pattern: string | undefined
  readonly through: URL | undefined
  readonly passThrough: boolean
  readonly referencePort: number
  readonly reportFile: string | undefined
}

type ParsedOptions =
  | { readonly ok: true; readonly options: Options }
  | { readonly ok: false; readonly problem: string }

function parseOptions(args: readonly string[]): ParsedOptions {
  try {
    const { values } = parseArgs({
      // Go spells its flags with one dash.
      args: args.map((arg) => arg.replace(/^-run(=|$)/, '--run$1')),
      options: {
        run: { type: 'string' },
        through: { type: 'string' },
        'pass-through': { type: 'boolean' },
        report: { type: 'string' },
        'reference-port': { type: 'string', default: '0' },
      },
    })
    const through = values.through === undefined ? undefined : new URL(values.through)
    if (through !== undefined && through.protocol !== 'http:') {
      return { ok: false, problem: `--through ${values.through}: only http:// addresses` }
    }
    if (!/^\d{1,5}$/.test(values['reference-port'])) {
      return { ok: false, problem: `--reference-port ${values['reference-port']}: not a port` }
    }
    if (through !== undefined && values['pass-through']) {
      return { ok: false, problem: '--through and --pass-through exclude each other' }
    }
    return {
      ok: true,
      options: {
        pattern: values.run,
        through,
        passThrough: values['pass-through'] === true,
        referencePort: Number(values['reference-port']),
        reportFile: values.report,
      },
    }
  } catch (error) {
    return { ok: false, problem: error instanceof Error ? error.message : String(error) }
  }
}

async function main(): Promise<number> {
  const args = process.argv.slice(2)
  if (args.includes('--help')) {
    print(usage)
    return 0
  }
  const parsed = parseOptions(args)
  if (!parsed.ok) {
    process.stderr.write(`conformance-go: ${parsed.problem}\n${usage}\n`)
    return 64
  }
  const { options } = parsed
  const go = await findGoTree()
  if (!go.found) {
    print(`cmd/go script tests: skipped: ${go.reason}`)
    await report(options, { unavailable: go.reason, passed: [], failed: [], excused: [], skipped: [] })
    return 0
  }
  print(
    `cmd/go script tests of ${go.tree.version}: building the patched test binary (once for each version) …`,
  )
  const binary = await buildCmdgo(go.tree)
  const { results, target, log, timedOut } = await runScripts(go.tree, binary, options)
  const ran = results.passed.length + results.failed.length + results.excused.length
  const doubt = timedOut
    ? `out of time after ${scriptsLimitMs / 1000} s`
    : ran === 0
      ? 'no script ran'
      : options.pattern === undefined && ran < leastScripts
        ? `only ${ran} scripts ran: the harness is broken`
        : undefined
  await report(options, results)
  for (const { name, output } of results.failed) print(`--- FAIL: ${name}\n${lastLines(output, 40)}`)
  for (const { name, reason } of results.excused) print(`--- EXCUSED: ${name}: ${reason}`)
  if (doubt !== undefined) print(`${lastLines(log, 40)}\n${doubt}`)
  print(
    `cmd/go scripts (${go.tree.version}) through ${target}: ${results.passed.length} passed, ` +
      `${results.failed.length} failed, ${results.excused.length} excused, ` +
      `${results.skipped.length} left out by the suite's short mode`,
  )
  if (results.failed.length > 0) return 1
  return doubt === undefined ? 0 : 2
}

async function runScripts(tree: GoTree, binary: string, options: Options) {
  await using scratch = await temporaryFolder('conformance')
  const env = await scratchEnv(tree, scratch.path)
  await using reference = await startReferenceProxy(tree, { binary, env, port: options.referencePort })
  print(`reference upstream: ${reference.url}`)
  await using product =
    options.through === undefined && !options.passThrough
      ? await startProduct({
          dataDir: join(scratch.path, 'data'),
          log: 'off',
          env: {
            POSTHASTE_GO_UPSTREAM: reference.url.href,
            POSTHASTE_GO_SUMDB: testDatabaseKey(tree.proxyTest),
            POSTHASTE_GO_NOSUMDB: misrecorded,
          },
        })
      : undefined
  const through = product === undefined ? options.through : new URL(`${product.url}/go`)
  const target = product === undefined ? (through?.href ?? 'nothing (pass-through)') : 'posthaste'
  await using router = await startProxyRouter({ reference: reference.url, through })
  print(`running through ${target} …`)
  const run = await runLimited({
    command: binary,
    args: ['-test.short', '-test.v', '-test.run', `TestScript/${options.pattern ?? defaultPattern}`],
    cwd: tree.folder,
    env: { ...env, [proxyVariable]: router.url },
    limitMs: scriptsLimitMs,
  })
  return { results: readScriptResults(run.output), target, log: run.output, timedOut: run.timedOut }
}

async function scratchEnv(tree: GoTree, scratch: string): Promise<Record<string, string>> {
  const folders = { HOME: join(scratch, 'home'), TMPDIR: join(scratch, 'tmp') }
  for (const folder of Object.values(folders)) await mkdir(folder, { recursive: true })
  return {
    ...folders,
    PATH: `${join(tree.goroot, 'bin')}:${process.env.PATH ?? '/usr/bin:/bin'}`,
    GOCACHE: tree.buildCache,
    GOENV: 'off',
    GOFLAGS: '',
    GOTOOLCHAIN: 'local',
    LANG: 'C',
  }
}

async function report(options: Options, results: ConformanceReport): Promise<void> {
  if (options.reportFile !== undefined) await writeFile(options.reportFile, JSON.stringify(results))
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

endAllOnSignal()
process.exitCode = await main().catch((error) => {
  process.stderr.write(`conformance-go: ${error instanceof Error ? error.message : String(error)}\n`)
  return 2
})
