import { spawn } from 'node:child_process'
import { notOutliving } from '../../scripts/testing/live-processes.ts'
import type { GoTree } from './cmdgo-binary.ts'

export interface ReferenceProxy extends AsyncDisposable {
  /** `http://127.0.0.1:PORT/mod` */
  readonly url: URL
}

const startMs = 30_000

/** Runs cmd/go's own test proxy, which serves `testdata/mod` and its checksum database. */
export async function startReferenceProxy(
  tree: GoTree,
  options: {
    readonly binary: string
    readonly env: Readonly<Record<string, string>>
    /** 0 for any free port. */
    readonly port: number
  },
): Promise<ReferenceProxy> {
  const child = spawn(options.binary, [`-proxy=127.0.0.1:${options.port}`], {
    cwd: tree.folder,
    env: { ...options.env },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const noted = notOutliving(child.pid)
  const exited = new Promise<void>((resolve) => child.on('close', () => resolve()))
  const dispose = async () => {
    child.kill('SIGKILL')
    await exited
    noted[Symbol.dispose]()
  }
  let output = ''
  const url = await new Promise<URL>((resolve, reject) => {
    const limit = setTimeout(() => reject(new Error(`the reference did not start:\n${output}`)), startMs)
    child.on('error', reject)
    child.on('close', () => reject(new Error(`the reference ended:\n${output}`)))
    child.stderr.setEncoding('utf8').on('data', (piece: string) => {
      output = (output + piece).slice(-10_000)
      const address = /GOPROXY=(http:\S+)/.exec(output)?.[1]
      if (address === undefined) return
      clearTimeout(limit)
      resolve(new URL(address))
    })
  }).catch(async (error) => {
    await dispose()
    throw error
  })
  return { url, [Symbol.asyncDispose]: dispose }
}
