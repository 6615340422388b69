import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { CandidateBody } from '../../ecosystem.ts'
import { writeTestZip } from './test-zip.ts'
import { createZipProver } from './zip-prover.ts'

const signal = new AbortController().signal
let folder = ''
let good: CandidateBody = { kind: 'file', path: '', sizeBytes: 0 }

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zip-prover-'))
  good = await file('good.zip', writeTestZip([{ name: 'm@v1.0.0/a', content: 'a'.repeat(3_000_000) }]))
})

afterAll(() => rm(folder, { recursive: true }))

async function file(name: string, bytes: Uint8Array): Promise<CandidateBody> {
  const path = join(folder, name)
  await writeFile(path, bytes)
  return { kind: 'file', path, sizeBytes: bytes.length }
}

async function program(name: string, text: string): Promise<URL> {
  const path = join(folder, name)
  await writeFile(path, text)
  return pathToFileURL(path)
}

const ZIP_WORKER = fileURLToPath(new URL('./zip-worker.ts', import.meta.url))

describe('checks', () => {
  test('files, large bytes and small bytes give the same hash', async () => {
    const prover = createZipProver()
    const small = writeTestZip([{ name: 'm@v1.0.0/a', content: 'small' }])
    const smallFile = await prover.checkZip(await file('small.zip', small), 'm', 'v1.0.0', signal)
    expect(smallFile.ok).toBe(true)
    expect(await prover.checkZip({ kind: 'bytes', bytes: small }, 'm', 'v1.0.0', signal)).toEqual(smallFile)
    const large = writeTestZip([{ name: 'm@v1.0.0/a', content: 'x'.repeat(90_000), stored: true }])
    const largeFile = await prover.checkZip(await file('large.zip', large), 'm', 'v1.0.0', signal)
    expect(largeFile.ok).toBe(true)
    expect(await prover.checkZip({ kind: 'bytes', bytes: large }, 'm', 'v1.0.0', signal)).toEqual(largeFile)
    await prover.close()
  })

  test('a false zip says why, a file that is gone or changed is nobody’s fault', async () => {
    const prover = createZipProver()
    expect(await prover.checkZip(good, 'other', 'v1.0.0', signal)).toMatchObject({
      ok: false,
      reason: expect.stringContaining('does not begin with other@v1.0.0/'),
    })
    const gone = { kind: 'file', path: join(folder, 'gone.zip'), sizeBytes: 5 } as const
    expect(await prover.checkZip(gone, 'm', 'v1.0.0', signal)).toMatchObject({ ok: false, unable: true })
    const changed = { ...good, sizeBytes: 5 } as CandidateBody
    expect(await prover.checkZip(changed, 'm', 'v1.0.0', signal)).toMatchObject({ ok: false, unable: true })
    await prover.close()
  })
})

describe('a thread', () => {
  test('that dies loses its zip only; the next one is checked by a new thread', async () => {
    const marker = join(folder, 'died-once')
    const dying = await program(
      'dies-once.ts',
      `import { existsSync, writeFileSync } from 'node:fs'
       if (existsSync(${JSON.stringify(marker)})) await import(${JSON.stringify(ZIP_WORKER)})
       else { writeFileSync(${JSON.stringify(marker)}, ''); process.exit(3) }`,
    )
    const prover = createZipProver({ program: dying })
    const first = prover.checkZip(good, 'm', 'v1.0.0', signal)
    const second = prover.checkZip(good, 'm', 'v1.0.0', signal)
    expect(await first).toMatchObject({ ok: false, unable: true })
    expect((await second).ok).toBe(true)
    await prover.close()
  })

  test('that throws is noticed', async () => {
    const prover = createZipProver({
      program: await program('throws.ts', "throw new Error('broken program')"),
    })
    expect(await prover.checkZip(good, 'm', 'v1.0.0', signal)).toMatchObject({ ok: false, unable: true })
    await prover.close()
  })

  test('that never answers is given up', async () => {
    const silent = await program(
      'silent.ts',
      "import { parentPort } from 'node:worker_threads'; parentPort.on('message', () => {})",
    )
    const prover = createZipProver({ program: silent, jobTimeoutMs: 20 })
    expect(await prover.checkZip(good, 'm', 'v1.0.0', signal)).toMatchObject({
      ok: false,
      unable: true,
      reason: expect.stringContaining('20 ms'),
    })
    await prover.close()
  })

  test('does not keep the process alive', async () => {
    const script = `import { createZipProver } from ${JSON.stringify(fileURLToPath(new URL('./zip-prover.ts', import.meta.url)))}
      const check = await createZipProver().checkZip(${JSON.stringify(good)}, 'm', 'v1.0.0', new AbortController().signal)
      console.log(check.ok)`
    const main = await program('main.ts', script)
    const child = spawn(process.execPath, [fileURLToPath(main)], { stdio: ['ignore', 'pipe', 'inherit'] })
    let output = ''
    child.stdout.on('data', (chunk) => {
      output += chunk
    })
    const { promise, resolve } = Promise.withResolvers<number | null>()
    child.on('close', resolve)
    expect(await promise).toBe(0)
    expect(output).toBe('true\n')
  })
})

describe('the queue', () => {
  test('is bounded', async () => {
    const prover = createZipProver({ queueLimit: 1 })
    const checks = [1, 2, 3].map(() => prover.checkZip(good, 'm', 'v1.0.0', signal))
    const results = await Promise.all(checks)
    expect(results.map(({ ok }) => ok)).toEqual([true, true, false])
    expect(results[2]).toMatchObject({ unable: true })
    await prover.close()
  })

  test('lets go of what is aborted, waiting or under way', async () => {
    const prover = createZipProver()
    const running = new AbortController()
    const waiting = new AbortController()
    const first = prover.checkZip(good, 'm', 'v1.0.0', running.signal)
    const second = prover.checkZip(good, 'm', 'v1.0.0', waiting.signal)
    const third = prover.checkZip(good, 'm', 'v1.0.0', signal)
    const settled = Promise.allSettled([first, second])
    waiting.abort(new Error('left the queue'))
    running.abort(new Error('left the work'))
    expect(await settled).toEqual([
      { status: 'rejected', reason: new Error('left the work') },
      { status: 'rejected', reason: new Error('left the queue') },
    ])
    expect((await third).ok).toBe(true)
    await expect(prover.checkZip(good, 'm', 'v1.0.0', waiting.signal)).rejects.toThrow('left the queue')
    await prover.close()
  })

  test('is answered when the prover closes', async () => {
    const prover = createZipProver()
    const checks = [1, 2].map(() => prover.checkZip(good, 'm', 'v1.0.0', signal))
    await prover.close()
    for (const check of await Promise.all(checks)) expect(check).toMatchObject({ ok: false, unable: true })
    expect(await prover.checkZip(good, 'm', 'v1.0.0', signal)).toMatchObject({ ok: false, unable: true })
  })
})

/** Zips that the go command has downloaded and hashed on this machine. */
const cache = process.env.POSTHASTE_TEST_GOMODCACHE

test.skipIf(cache === undefined)(
  `agrees with the go command about a module cache${cache === undefined ? ' [skipped: POSTHASTE_TEST_GOMODCACHE names none]' : ''}`,
  async () => {
    const root = join(cache ?? '', 'cache/download')
    const prover = createZipProver()
    const zips = (await readdir(root, { recursive: true }))
      .filter((path) => path.endsWith('.zip'))
      .slice(0, 60)
    expect(zips.length).toBeGreaterThan(0)
    for (const zip of zips) {
      const [, module = '', version = ''] =
        /^(.+)\/@v\/(.+)\.zip$/.exec(zip.replaceAll(/!([a-z])/g, (_, l) => l.toUpperCase())) ?? []
      const path = join(root, zip)
      const body = { kind: 'file', path, sizeBytes: (await stat(path)).size } as const
      const h1 = (await readFile(`${path}hash`, 'utf8')).trim()
      expect(await prover.checkZip(body, module, version, signal)).toEqual({ ok: true, h1 })
    }
    await prover.close()
  },
  60_000,
)
