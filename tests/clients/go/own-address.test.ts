import { expect } from 'bun:test'
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runLimited } from '../../../scripts/testing/run-limited.ts'
import { launchProduct } from '../../support/product.ts'
import { testUnless } from '../../support/test-unless.ts'
import { goMissing } from './go-client.ts'
import { scene, treeRequires } from './go-harness.ts'

const testGo = testUnless(goMissing)

/** A GOROOT like the real one, but for the default GOPROXY and GOSUMDB in its go.env. */
async function rootWithDefaults(folder: string, defaults: Record<string, string>): Promise<string> {
  const asked = await runLimited({ command: 'go', args: ['env', 'GOROOT'], limitMs: 20_000 })
  const real = asked.output.trim()
  const root = join(folder, 'goroot')
  await mkdir(root)
  for (const name of await readdir(real)) {
    if (name !== 'go.env') await symlink(join(real, name), join(root, name))
  }
  const lines = Object.entries(defaults).map(([key, value]) => `${key}=${value}\n`)
  await writeFile(join(root, 'go.env'), lines.join(''))
  return root
}

testGo(
  'a restart after the printed line was applied reads not its own address, and builds cold',
  async () => {
    await using at = await scene()
    const GOROOT = await rootWithDefaults(at.folder, {
      GOPROXY: at.upstream.url,
      GOSUMDB: at.upstream.sumdb,
      GOTOOLCHAIN: 'local',
    })
    const goenv = join(at.folder, 'goenv')
    // What `startProduct` fills in by itself is emptied here: the sources must come from the toolchain.
    const env = { GOROOT, GOENV: goenv, POSTHASTE_GO_UPSTREAM: '', POSTHASTE_GO_SUMDB: '' }
    const listen = `127.0.0.1:${await freePort()}`
    const first = await at.serve({ env, listen, log: 'text' })
    const line = await first.sees(/go env -w GOPROXY=\S+/)
    const setting = /go env -w (GOPROXY=\S+)/.exec(line)?.[1]?.replace(/^(GOPROXY=)['"]|['"]$/g, '$1') ?? ''
    expect(setting).toStartWith(`GOPROXY=http://${listen}/go`)
    const client = await at.client(first)
    const applied = await runLimited({
      command: 'go',
      args: ['env', '-w', setting],
      env: { PATH: client.env.PATH, HOME: client.env.HOME, GOROOT, GOENV: goenv },
      limitMs: 20_000,
    })
    expect(applied.code).toBe(0)
    expect(await readFile(goenv, 'utf8')).toContain(listen)
    await first.stop()

    const second = await at.serve({ env, listen })
    const api = await fetch(`${second.url}/api/upstreams`).then((response) => response.text())
    expect(api).toContain(new URL(at.upstream.url).host)
    expect(api).not.toContain(`${listen}/go`)
    const cold = await at.client(second, { requires: treeRequires })
    expect(await cold.run('mod', 'download')).toMatchObject({ code: 0 })
    expect(at.upstream.immutableRequests().length).toBeGreaterThan(0)
  },
)

testGo('a loop that is left is cut', async () => {
  await using at = await scene()
  const listen = `127.0.0.1:${await freePort()}`
  const env = { POSTHASTE_GO_UPSTREAM: `http://${listen}/go` }
  await using looping = launchProduct({ dataDir: at.dataDir, listen, env })
  await looping.sees(/posthaste ready on/)
  const response = await fetch(`http://${listen}/go/lib.example/x/@v/list`)
  expect([502, 503, 508]).toContain(response.status)
})

async function freePort(): Promise<number> {
  const server = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data: () => undefined } })
  const { port } = server
  server.stop(true)
  return port
}
