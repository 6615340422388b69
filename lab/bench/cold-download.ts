import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { projectFolder } from '../closure.ts'
import type { LoggedRequest, StaticNginx } from '../nginx.ts'
import type { Download, Line } from './cold-judge.ts'

export interface DownloadScene {
  readonly line: Line
  readonly upstream: StaticNginx
  readonly caFile: string
}

/**
 * `go mod download` into an empty module cache. That stands in the folder for temporary files, or in
 * `POSTHASTE_LAB_CLIENT_FOLDER`: in memory (`/dev/shm`) the unpacking, which is the same whoever serves it, does
 * not measure a busy disk.
 */
export async function download(
  { line, upstream, caFile }: DownloadScene,
  goproxy: string,
): Promise<Download> {
  const parent = process.env.POSTHASTE_LAB_CLIENT_FOLDER ?? tmpdir()
  const folder = await mkdtemp(join(parent, 'posthaste-bench-build-'))
  try {
    const moduleCache = join(folder, 'gomodcache')
    await cp(projectFolder(line.project), join(folder, 'project'), { recursive: true })
    await mkdir(moduleCache)
    await upstream.takeLog()
    const began = performance.now()
    await promisify(execFile)('go', ['mod', 'download'], {
      cwd: join(folder, 'project'),
      timeout: 300_000,
      maxBuffer: 64e6,
      env: {
        ...process.env,
        GOMODCACHE: moduleCache,
        GOPROXY: goproxy,
        GONOSUMDB: '*',
        GOPRIVATE: '',
        GOFLAGS: '-mod=mod -modcacherw',
        GOTOOLCHAIN: 'local',
        GOWORK: 'off',
        GOMAXPROCS: `${line.processors}`,
        SSL_CERT_FILE: caFile,
      },
    })
    const seconds = (performance.now() - began) / 1000
    return { seconds, requests: await settledLog(upstream) }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** What was fetched ahead and is still under way when the build ends belongs to its cost. */
async function settledLog(upstream: StaticNginx): Promise<readonly LoggedRequest[]> {
  const requests: LoggedRequest[] = []
  for (let quietTurns = 0; quietTurns < 3; ) {
    const more = await upstream.takeLog()
    quietTurns = more.length === 0 ? quietTurns + 1 : 0
    requests.push(...more)
    await Bun.sleep(300)
  }
  return requests
}
