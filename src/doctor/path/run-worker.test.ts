import { expect, test } from 'bun:test'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { temporaryFolder } from '../../testing/temporary-folder.ts'
import { runWorker, TracerFault } from './run-worker.ts'
import type { Job } from './worker/messages.ts'

const job: Job = {
  kind: 'trace',
  protocol: 'udp',
  address: '127.0.0.1',
  port: 33_434,
  rounds: 0,
  intervalMs: 200,
  maxHops: 3,
  timeoutMs: 500,
  flows: 1,
  findMtu: false,
}

const onLinux = process.platform === 'linux' ? test : test.skip

onLinux('an abort ends the process, and the iteration without an error', async () => {
  const stop = new AbortController()
  const kinds: string[] = []
  for await (const { kind } of runWorker(job, stop.signal)) {
    kinds.push(kind)
    if (kind === 'round') stop.abort()
  }
  expect(kinds).toContain('reply')
})

onLinux('settings of the runtime in the working folder are none of the process', async () => {
  await using folder = await temporaryFolder()
  const ran = join(folder.path, 'ran')
  await writeFile(join(folder.path, 'bunfig.toml'), 'preload = ["./code.ts"]\n')
  await writeFile(join(folder.path, 'code.ts'), `await Bun.write(${JSON.stringify(ran)}, '')\n`)
  const before = process.cwd()
  process.chdir(folder.path)
  try {
    const once = { ...job, rounds: 1 }
    const kinds: string[] = []
    for await (const { kind } of runWorker(once, AbortSignal.timeout(20_000))) kinds.push(kind)
    expect(kinds).toContain('end')
  } finally {
    process.chdir(before)
  }
  expect(await Bun.file(ran).exists()).toBe(false)
})

async function childIds(): Promise<number[]> {
  const tasks = await readdir('/proc/self/task')
  const lists = tasks.map((task) => readFile(`/proc/self/task/${task}/children`, 'utf8').catch(() => ''))
  return (await Promise.all(lists)).join(' ').split(/\s+/).filter(Boolean).map(Number)
}

async function children(): Promise<number> {
  return (await childIds()).length
}

onLinux('signals to the whole group leave the end to whoever started it', async () => {
  const before = new Set(await childIds())
  const stop = new AbortController()
  let signalled = false
  let roundsAfter = 0
  for await (const { kind } of runWorker(job, stop.signal)) {
    if (kind === 'ready') {
      const [worker] = (await childIds()).filter((id) => !before.has(id))
      if (worker === undefined) throw new Error('no worker')
      const { pgrp } =
        /\) \S+ \d+ (?<pgrp>\d+)/.exec(await readFile(`/proc/${worker}/stat`, 'utf8'))?.groups ?? {}
      expect(Number(pgrp)).toBe(worker)
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.kill(worker, signal)
      signalled = true
    }
    if (signalled && kind === 'round' && ++roundsAfter === 3) stop.abort()
  }
  expect(roundsAfter).toBeGreaterThanOrEqual(3)
})

onLinux('leaving the iteration ends the process', async () => {
  const before = await children()
  for await (const { kind } of runWorker(job, new AbortController().signal)) {
    if (kind !== 'reply') continue
    expect(await children()).toBe(before + 1)
    break
  }
  expect(await children()).toBe(before)
})

test('a process that breaks is a fault that names its error, not one of ours', async () => {
  // No protocol of that name: the worker falls over it.
  const broken = { ...job, address: undefined as unknown as string }
  const drain = async () => {
    for await (const _ of runWorker(broken, new AbortController().signal));
  }
  const error = await drain().catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(TracerFault)
  expect(String(error)).toMatch(/ended with 1: \w*Error/)
})
