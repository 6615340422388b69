import { expect, test } from 'bun:test'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { startFakeGoproxy } from './fake-goproxy.ts'
import { signedDatabase, sumsOfModules } from './signed-database.ts'
import { makeModule } from './synthetic-modules.ts'

const module = makeModule({ path: 'm.example/Lib', version: 'v1.0.0', sizeBytes: 5000, files: 3 })

async function downloadWith(sums: ReturnType<typeof sumsOfModules>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'posthaste-lab-sumdb-'))
  const database = signedDatabase(sums, { filler: 300 })
  await using upstream = await startFakeGoproxy({ modules: [module], files: database.files })
  try {
    await writeFile(join(folder, 'go.mod'), 'module x.example/x\n\ngo 1.20\n\nrequire m.example/Lib v1.0.0\n')
    const env = {
      ...{
        PATH: process.env.PATH ?? '',
        HOME: folder,
        GOMODCACHE: join(folder, 'cache'),
        GOPATH: join(folder, 'path'),
      },
      ...{
        GOPROXY: upstream.url,
        GOSUMDB: database.gosumdb,
        GOFLAGS: '-mod=mod -modcacherw',
        GOTOOLCHAIN: 'local',
        GONOSUMDB: '',
      },
    }
    return await promisify(execFile)('go', ['mod', 'download', 'all'], { cwd: folder, env }).then(
      () => 'passed',
      (error: { stderr: string }) => error.stderr,
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

test.skipIf(!Bun.which('go'))('the go command accepts its proofs', async () => {
  expect(await downloadWith(sumsOfModules([module]))).toBe('passed')
})

test.skipIf(!Bun.which('go'))('the go command refuses bytes that it contradicts', async () => {
  const other = makeModule({ path: 'm.example/Lib', version: 'v1.0.0', sizeBytes: 6000 })
  expect(await downloadWith(sumsOfModules([other]))).toContain('checksum mismatch')
})
