import { readFile } from 'node:fs/promises'
import { constants, setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import type { CandidateBody } from '../ecosystems/ecosystem.ts'
import { gzipPieces } from './gzip-pieces.ts'
import { isBehind, type RenderAnswer, type RenderProgram, type RenderQuestion } from './render-protocol.ts'

type Transforming = Extract<RenderQuestion, { kind: 'transform' }>
type Checking = Extract<RenderQuestion, { kind: 'check' }>

/** Pieces go to the serving thread in this size: large enough to be few, small enough to be written at once. */
const PIECE_BYTES = 256 * 1024
/** What is left over of a body above it is freed before the next: three jobs at one of 42 MB would hold it thrice. */
const COLLECTED_BYTES = 1024 * 1024

/** The body of a thread that renders: answers questions one after the other until the thread is ended. */
export function runRenderProgram(program: RenderProgram): void {
  const port = parentPort
  if (port === null) throw new Error('a render program runs in a worker thread')
  const say = (answer: RenderAnswer, transfer: ArrayBuffer[] = []) => port.postMessage(answer, transfer)
  let taken: (() => void) | undefined
  if (isBehind(workerData)) stepBehind()

  const transform = async (question: Transforming): Promise<void> => {
    const { id, name, params } = question
    const run = program.transforms[name]
    if (run === undefined) throw new Error(`no transform is called ${name}`)
    const body = await read(question.body)
    const beside = question.beside === undefined ? undefined : await read(question.beside)
    const plain = inPieces(run({ body, beside, params }))
    for (const piece of question.encoding === 'gzip' ? inPieces(gzipPieces(plain)) : plain) {
      const went = new Promise<void>((resolve) => {
        taken = resolve
      })
      const bytes = owned(piece)
      say({ kind: 'piece', id, bytes }, [bytes.buffer])
      await went
    }
    say({ kind: 'done', id })
  }

  const check = async ({ id, name, params, body }: Checking): Promise<void> => {
    const run = program.checks[name]
    if (run === undefined) throw new Error(`no check is called ${name}`)
    say({ kind: 'verdict', id, verdict: run(await read(body), params) })
  }

  port.on('message', (question: RenderQuestion) => {
    if (question.kind === 'taken') {
      taken?.()
      return
    }
    const { id } = question
    const running = question.kind === 'transform' ? transform(question) : check(question)
    const told = running.catch((error: unknown) => {
      const refused = !isOurs(error)
      say({ kind: 'failed', id, refused, reason: error instanceof Error ? error.message : String(error) })
    })
    if (sizeOf(question.body) > COLLECTED_BYTES) void told.then(() => Bun.gc(true))
  })
}

/** On Linux this thread alone; elsewhere the whole process, and so nothing. */
function stepBehind(): void {
  if (process.platform !== 'linux') return
  try {
    setPriority(0, constants.priority.PRIORITY_BELOW_NORMAL)
  } catch {
    // The system does not let us: then those who are served share the processors with this thread.
  }
}

function sizeOf(body: CandidateBody): number {
  return body.kind === 'bytes' ? body.bytes.byteLength : body.sizeBytes
}

/** What the system or this program failed at, told apart from what a transform finds wrong with a body. */
function isOurs(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return 'syscall' in error || ('code' in error && String(error.code).startsWith('store.'))
}

async function read(body: CandidateBody): Promise<Uint8Array> {
  if (body.kind === 'bytes') return body.bytes
  const bytes = await readFile(body.path)
  if (bytes.byteLength === body.sizeBytes) return bytes
  throw Object.assign(new Error(`the file has ${bytes.byteLength} bytes instead of ${body.sizeBytes}`), {
    code: 'store.damaged',
  })
}

/** Joins what is small: a transform yields what it has, be it three bytes. */
function* inPieces(parts: Iterable<Uint8Array>): Generator<Uint8Array> {
  let small: Uint8Array[] = []
  let smallBytes = 0
  for (const part of parts) {
    if (part.byteLength === 0) continue
    small.push(part)
    smallBytes += part.byteLength
    if (smallBytes < PIECE_BYTES) continue
    yield Buffer.concat(small, smallBytes)
    small = []
    smallBytes = 0
  }
  if (smallBytes > 0) yield Buffer.concat(small, smallBytes)
}

/** Bytes in a buffer of their own, so that it can be handed over. */
function owned(piece: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = piece
  if (buffer instanceof ArrayBuffer && piece.byteLength === buffer.byteLength) {
    return new Uint8Array(buffer)
  }
  const bytes = new Uint8Array(piece.byteLength)
  bytes.set(piece)
  return bytes
}
