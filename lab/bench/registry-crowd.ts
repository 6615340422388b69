import { createHash } from 'node:crypto'
import http from 'node:http'

/** What so many clients got that asked for one address at once, each on a connection of its own. */
export interface RegistryCrowd {
  readonly clients: number
  /** How many answers were a 200 that came whole. */
  readonly good: number
  /** How many different bodies there were. */
  readonly bodies: number
  /** Until the last byte of the last answer. */
  readonly tookMs: number
}

interface Got {
  readonly status: number
  readonly digest: string
}

function ask(address: string, headers: Readonly<Record<string, string>>): Promise<Got> {
  return new Promise((resolve, reject) => {
    const request = http.get(address, { agent: false, headers }, (answer) => {
      const hash = createHash('sha1')
      answer.on('data', (piece: Buffer) => hash.update(piece))
      answer.on('error', reject)
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, digest: hash.digest('hex') }))
    })
    request.on('error', reject)
  })
}

if (import.meta.main) {
  const [address = '', clients = '1', accept = '*/*', beginAtMs = '0'] = process.argv.slice(2)
  const headers = { accept, 'accept-encoding': 'gzip' }
  await Bun.sleep(Math.max(0, Number(beginAtMs) - Date.now()))
  const began = performance.now()
  const answers = await Promise.all(Array.from({ length: Number(clients) }, () => ask(address, headers)))
  const result: RegistryCrowd = {
    clients: answers.length,
    good: answers.filter(({ status }) => status === 200).length,
    bodies: new Set(answers.map(({ digest }) => digest)).size,
    tookMs: performance.now() - began,
  }
  console.log(`crowd ${JSON.stringify(result)}`)
}
