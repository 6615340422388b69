import { expect, test } from 'bun:test'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { verifyCommand } from '../../src/cli/verify-command.ts'
import { isolatedEnv } from '../support/product.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const own = 'own-token-of-this-machine'
const theirs = 'token-of-the-other-machine'

/** Runs against a server that notes what it is sent. */
async function sent(line: string) {
  await using folder = await temporaryFolder('verify-token')
  const tokens = new Set<string | null>()
  await using server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: ({ url, headers }) => {
      if (new URL(url).pathname.startsWith('/api/')) tokens.add(headers.get('authorization'))
      return new Response('{"error": "not here"}', { status: 401 })
    },
  })
  const programs = join(folder.path, 'bin')
  await mkdir(programs)
  await writeFile(join(programs, 'npm'), '#!/bin/sh\nexit 1\n', { mode: 0o755 })
  await writeFile(join(folder.path, 'token'), `${theirs}\n`)
  await writeFile(join(folder.path, 'empty'), '\n')
  const said = { out: '', err: '' }
  const io = {
    stdout: { write: (text: string) => (said.out += text) },
    stderr: { write: (text: string) => (said.err += text) },
    env: { ...isolatedEnv(folder.path), PATH: `${programs}:/usr/bin:/bin`, POSTHASTE_ADMIN_TOKEN: own },
    cwd: folder.path,
  }
  const port = String(server.port)
  const words = line.replaceAll('PORT', port).split(' ')
  const args = ['npm', '--json', '--data', join(folder.path, 'no-data'), '--package', 'npm=tiny-lab@1.0.0']
  const code = await verifyCommand([...args, ...words], io)
  return { tokens: [...tokens], code, ...said }
}

// 0.0.0.0 is no loopback address, and leads to this machine all the same.
test.each([
  ["this machine's own, by --url", '--url http://127.0.0.1:PORT', `Bearer ${own}`],
  ["this machine's own, by its settings", '--listen 127.0.0.1:PORT', `Bearer ${own}`],
  ['another machine', '--url http://0.0.0.0:PORT', null],
  ['another machine, with its token', '--url http://0.0.0.0:PORT --token-file token', `Bearer ${theirs}`],
  ['a given token stands above', '--url http://127.0.0.1:PORT --token-file token', `Bearer ${theirs}`],
])('what token goes to a Posthaste on %s', async (_, line, token) => {
  const { tokens, out, err } = await sent(line)
  expect(tokens).toEqual([token])
  expect(out + err).not.toContain(own)
  expect(out + err).not.toContain(theirs)
  expect(err.includes('warning: the token goes to 0.0.0.0 over plain http')).toBe(
    token === `Bearer ${theirs}` && line.includes('0.0.0.0'),
  )
})

test.each([
  ['--url http://127.0.0.1:PORT --token-file empty', '--token-file empty holds no token'],
  ['--url http://127.0.0.1:PORT --token-file none', '--token-file none cannot be read'],
])('%s', async (line, words) => {
  const { code, err, tokens } = await sent(line)
  expect([code, tokens]).toEqual([64, []])
  expect(err).toContain(words)
})
