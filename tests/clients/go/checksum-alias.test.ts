import { expect } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { testUnless } from '../../support/test-unless.ts'
import { scene } from './go-harness.ts'

/** The public database's name, as the installed toolchain ships it. */
const shipped = spawnSync('go', ['env', 'GOSUMDB'], {
  encoding: 'utf8',
  timeout: 10_000,
  env: { ...process.env, GOENV: 'off', GOSUMDB: '' },
}).stdout?.trim()

testUnless(shipped ? undefined : 'no go command')(
  "with go.sumdb set to the mainland alias, a source's own relay of the database is asked and clients are served",
  async () => {
    await using at = await scene()
    // A proxy that is not there keeps the alias itself out of reach.
    const env = { POSTHASTE_GO_SUMDB: 'sum.golang.google.cn', HTTPS_PROXY: 'http://127.0.0.1:1' }
    const product = await at.serve({ env })
    expect((await fetch(`${product.url}/go/sumdb/${shipped}/supported`)).status).toBe(200)
    await fetch(`${product.url}/go/sumdb/${shipped}/latest`).then((response) => response.text())
    expect(at.upstream.requestsOf(`sumdb/${shipped}/latest`)).toBeGreaterThan(0)
  },
)
