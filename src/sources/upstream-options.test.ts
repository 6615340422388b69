import { expect, test } from 'bun:test'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { loadConfig } from '../config/load-config.ts'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { configuredProxy } from '../upstream/proxy-settings.ts'
import { upstreamOptions } from './upstream-options.ts'

async function optionsFor(settings: Record<string, string>, env: Record<string, string> = {}) {
  const loaded = await loadConfig({
    env: settings,
    cwd: '/nowhere',
    home: '/nowhere',
    readFile: async () => undefined,
  })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  return upstreamOptions(loaded.config, env)
}

test('the limits are those of the settings', async () => {
  const { limits, offline } = await optionsFor({
    POSTHASTE_UPSTREAM_CONNECT_MS: '1s',
    POSTHASTE_UPSTREAM_STALL_MS: '2s',
    POSTHASTE_OFFLINE: 'true',
  })
  expect(limits).toMatchObject({ connectMs: 1_000, handshakeMs: 1_000, stallMs: 2_000 })
  expect(offline).toBe(true)
})

test('credentials become what each host is sent', async () => {
  const { headers } = await optionsFor({
    POSTHASTE_UPSTREAM_CREDENTIALS:
      '{a.example: {username: ann, password: "p:w"}, b.example: {header: "X-Token: t"}}',
  })
  expect(headers).toEqual({
    'a.example': { Authorization: `Basic ${Buffer.from('ann:p:w').toString('base64')}` },
    'b.example': { 'X-Token': 't' },
  })
})

test('a netrc file is read, and one that is not there is said to be missing', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'netrc')
  const settings = { POSTHASTE_UPSTREAM_CREDENTIALS: `{a.example: {netrc: "${path}"}}` }
  await expect(optionsFor(settings)).rejects.toThrow('ENOENT')
  await writeFile(path, 'machine a.example login ann password pw')
  expect((await optionsFor(settings)).netrc).toBe('machine a.example login ann password pw')
})

const variables = {
  HTTP_PROXY: 'http://one.example:1',
  https_proxy: 'http://two.example:2',
  NO_PROXY: 'c.example',
}

test.each([
  ['nothing set leaves the variables', {}, variables],
  ['off empties them', { POSTHASTE_UPSTREAM_PROXY: 'off' }, { NO_PROXY: 'c.example' }],
  [
    'an address takes their place',
    { POSTHASTE_UPSTREAM_PROXY: 'http://three.example:3' },
    { NO_PROXY: 'c.example', [configuredProxy]: 'http://three.example:3' },
  ],
])('proxies: %s', async (_name, settings: Record<string, string>, expected) => {
  expect((await optionsFor(settings, variables)).env).toEqual(expected)
})
