import { expect, test } from 'bun:test'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isolatedEnv, posthaste } from '../support/product.ts'
import { startProcess } from '../support/spawned.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** Says that it runs and does not end. It starts another, as npm starts git. */
const hangingNpm =
  '#!/bin/sh\n[ "$1" = pack ] || exit 0\nsleep 600 &\necho "$$ $!" > "$NOTE.new"\nmv "$NOTE.new" "$NOTE"\nwait\n'

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  for (const format of [[], ['--json']] as const) {
    test(`${signal} ${format.join()}: no verdict, and the client and its folder go`, async () => {
      await using folder = await temporaryFolder('verify-stopped')
      const [programs, temporary, note] = ['bin', 'tmp', 'note'].map((name) => join(folder.path, name))
      if (programs === undefined || temporary === undefined || note === undefined) throw new Error('no paths')
      await mkdir(programs)
      await mkdir(temporary)
      await writeFile(join(programs, 'npm'), hangingNpm, { mode: 0o755 })
      const env = {
        ...isolatedEnv(folder.path),
        PATH: `${programs}:/usr/bin:/bin`,
        TMPDIR: temporary,
        NOTE: note,
      }
      const where = ['--data', join(folder.path, 'no-data'), '--url', 'http://127.0.0.1:9']
      const args = ['verify', 'npm', ...where, '--package', 'npm=tiny-lab@1.0.0', ...format]
      await using running = startProcess(posthaste, args, { cwd: folder.path, env })
      const pids = (await contentOf(note)).trim().split(' ').map(Number)
      expect((await readdir(temporary)).filter((name) => name.startsWith('posthaste-'))).toHaveLength(1)

      using _ = endedAfterwards(pids)
      running.signal(signal)

      expect(await running.exited).toEqual({ code: 2, signal: undefined })
      expect(running.stdout()).toBe('')
      expect(running.stderr()).toBe(
        `posthaste verify: stopped by ${signal}\n  what was not looked at yet is not judged: run it again\n`,
      )
      expect(await readdir(temporary)).toEqual([])
      for (const pid of pids) expect(await isGone(pid)).toBe(true)
    }, 30_000)
  }
}

async function contentOf(file: string): Promise<string> {
  for (let tries = 0; tries < 2_000; tries += 1) {
    const text = await readFile(file, 'utf8').catch(() => undefined)
    if (text !== undefined) return text
    await Bun.sleep(10)
  }
  throw new Error(`${file} does not come`)
}

/** A killed child stays for a moment until it is reaped; a process that runs on has a state other than Z. */
async function isGone(pid: number): Promise<boolean> {
  for (let tries = 0; tries < 200; tries += 1) {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
    if (text === '' || /\) [ZX] /.test(text)) return true
    await Bun.sleep(10)
  }
  return false
}

/** What a failing test leaves. */
function endedAfterwards(pids: readonly number[]): Disposable {
  return {
    [Symbol.dispose]: () => {
      for (const pid of pids) {
        try {
          process.kill(pid, 'SIGKILL')
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
        }
      }
    },
  }
}
