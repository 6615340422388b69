import { expect, test } from 'bun:test'
import { loadConfig } from '../config/load-config.ts'
import { transportOf } from './transport-of.ts'

test('a netrc file that is not there is named, with the setting that names it', async () => {
  const env = { POSTHASTE_UPSTREAM_CREDENTIALS: '{a.example: {netrc: /nosuch/netrc}}' }
  const loaded = await loadConfig({ env, cwd: '/', readFile: async () => undefined })
  if (!loaded.ok) throw new Error('the settings are sound')
  await expect(transportOf(loaded.config, env)).rejects.toThrow(
    'upstream.credentials names /nosuch/netrc, which cannot be read (ENOENT)',
  )
})
