import { describe, expect, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { isolatedEnv, posthaste } from './support/product.ts'
import { temporaryFolder } from './support/temporary-folder.ts'
import { testUnless } from './support/test-unless.ts'

/** Runs a line of shell; `$P` is the program. */
function shell(line: string, cwd: string) {
  const upstream = 'http://127.0.0.1:9/a|http://127.0.0.1:9/b'
  const env = { ...isolatedEnv(cwd), P: posthaste, POSTHASTE_GO_UPSTREAM: upstream }
  const { status, stderr } = spawnSync('sh', ['-c', line], { cwd, env, encoding: 'utf8', timeout: 30_000 })
  return { status, stderr }
}

/** Descriptor 4 is a pipe whose reader has gone. */
const readerGone = 'mkfifo f; exec 3<>f; exec 4>f; exec 3<&-; '

describe('a reader that goes away', () => {
  const cases: readonly [command: string, code: number][] = [
    ['help', 0],
    ['config print', 0],
    ['cache stats --data .', 0],
    ['upstreams', 1],
  ]
  test.each(cases)('leaves %s its exit code %d and brings no stack trace', async (command, code) => {
    await using folder = await temporaryFolder('closed')
    expect(shell(`${readerGone} $P ${command} >&4`, folder.path)).toEqual({ status: code, stderr: '' })
  })

  test('leaves wrong usage its exit code when nobody reads the messages', async () => {
    await using folder = await temporaryFolder('closed')
    expect(shell(`${readerGone} $P cache nonsense 2>&4`, folder.path).status).toBe(64)
  })
})

testUnless(existsSync('/dev/full') ? undefined : 'no /dev/full')(
  'output that is lost to a full disk is told, with exit code 1',
  async () => {
    await using folder = await temporaryFolder('full')
    const { status, stderr } = shell('$P config print > /dev/full', folder.path)
    expect(stderr).toMatch(/^posthaste: the output cannot be written: .*ENOSPC.*\n$/)
    expect(status).toBe(1)
  },
)
