import { expect, test } from 'bun:test'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { testBytes, wholeBody } from '../store-contract.ts'
import { openLocalStore } from './local-store.ts'

const kills = process.env.POSTHASTE_TEST_ALL === '1' ? 200 : 20

/** What may be found under a key: the last acknowledged state, or one that was begun after it. */
type Possible = Map<string, string[]>

/** Lets a child work until it has said `lines` lines, then kills it. */
async function killedAfter(dataDir: string, round: number, lines: number, possible: Possible): Promise<void> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'kill-child.ts'), dataDir, String(round)])
  let said = 0
  const failures: string[] = []
  child.stderr.on('data', (text) => failures.push(String(text)))
  const closed = new Promise((resolve) => child.once('close', resolve))
  for await (const line of createInterface({ input: child.stdout })) {
    const [kind = '', key = '', ...state] = line.split(' ')
    if (kind === 'begin') possible.set(key, [...(possible.get(key) ?? ['gone']), state.join(' ')])
    if (kind === 'done') possible.set(key, [state.join(' ')])
    if (++said === lines) child.kill('SIGKILL')
  }
  await closed
  expect(failures.join('')).toBe('')
  expect(child.signalCode).toBe('SIGKILL')
}

test(`after kill -9 (${kills} times) everything acknowledged is there and whole`, async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'posthaste-kill-'))
  const possible: Possible = new Map()
  try {
    for (let round = 0; round < kills; round++) {
      await killedAfter(dataDir, round, 1 + ((round * 37) % 150), possible)
      const store = await openLocalStore({ dataDir, maxBytes: 48 << 20 })
      const damaged = (await store.verify({})).findings
      expect(damaged).toEqual([])
      for (const [key, states] of possible) {
        const bytes = await wholeBody(store, key)
        const found = states.some((state) => {
          if (state === 'gone') return bytes === undefined
          const [seed = 0, sizeBytes = 0] = state.split(' ').map(Number)
          return bytes?.equals(testBytes(sizeBytes, seed)) === true
        })
        expect(found ? 'kept' : `${key}: none of ${states.join(', ')}`).toBe('kept')
        // What was found is settled now, for the next round.
        possible.set(
          key,
          states.filter((state) => (state === 'gone') === (bytes === undefined)),
        )
        if (states.length > 1) await store.remove(key).then(() => possible.set(key, ['gone']))
      }
      expect(store.stats().stagedBytes).toBe(0)
      await store.close()
    }
  } finally {
    rmSync(dataDir, { recursive: true })
  }
}, 300_000)
