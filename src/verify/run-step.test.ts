import { expect, test } from 'bun:test'
import { runStep } from './run-step.ts'

const never = new AbortController().signal
const common = { cwd: '/', env: { PATH: '/usr/bin:/bin' }, signal: never }

test('gives both streams and the code', async () => {
  const args = ['-c', 'echo out; echo err >&2; exit 3']
  expect(await runStep({ ...common, command: 'sh', args, timeoutMs: 10_000 })).toEqual({
    code: 3,
    stdout: 'out\n',
    stderr: 'err\n',
    timedOut: false,
  })
})

test('a program that is not there is an answer', async () => {
  const found = await runStep({ ...common, command: '/nowhere/x', args: [], timeoutMs: 10_000 })
  expect([found.code, found.stderr.includes('/nowhere/x')]).toEqual([undefined, true])
})

test('what it started ends with it when time is over', async () => {
  const args = ['-c', 'sleep 60 & echo $!; wait']
  const { stdout, timedOut } = await runStep({ ...common, command: 'sh', args, timeoutMs: 300 })
  expect(timedOut).toBe(true)
  expect(await isGone(Number(stdout))).toBe(true)
})

test('a stop ends it', async () => {
  const stop = new AbortController()
  const running = runStep({
    ...common,
    command: 'sleep',
    args: ['60'],
    timeoutMs: 60_000,
    signal: stop.signal,
  })
  stop.abort()
  expect((await running).code).toBeUndefined()
})

/** A killed child stays for a moment until it is reaped; a process that runs on has a state other than Z. */
async function isGone(pid: number): Promise<boolean> {
  const status = Bun.file(`/proc/${pid}/stat`)
  for (let tries = 0; tries < 200; tries += 1) {
    const text = await status.text().catch(() => '')
    if (text === '' || /\) [ZX] /.test(text)) return true
    await Bun.sleep(10)
  }
  return false
}
