import { expect, test } from 'bun:test'
import { dirname, join } from 'node:path'
import { SERVED } from '../../src/cli/setup-served.ts'
import { clients } from '../../src/clients/clients.ts'
import { startProduct } from '../support/product.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

test('what setup offers is what the server answers, and nothing else', async () => {
  await using folder = await temporaryFolder('served')
  const nobody = 'http://127.0.0.1:9'
  await using product = await startProduct({
    dataDir: join(folder.path, 'data'),
    args: ['--offline'],
    env: {
      PATH: `${dirname(process.execPath)}:/usr/bin:/bin`,
      POSTHASTE_GO_UPSTREAM: nobody,
      POSTHASTE_GO_SUMDB: 'off',
      POSTHASTE_NPM_UPSTREAM: nobody,
      POSTHASTE_PYPI_UPSTREAM: `${nobody}/simple`,
    },
  })
  const answered = await Promise.all(
    clients.map(async ({ ecosystem, path }) => {
      const said = await (await fetch(`${product.url}${path}/posthaste-verify-0123456789abcdef/`)).text()
      return said.startsWith('nothing is served at') ? [] : [ecosystem]
    }),
  )
  expect([...new Set(answered.flat())]).toEqual([...SERVED])
}, 30_000)
