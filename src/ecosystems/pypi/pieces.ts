const PIECE_BYTES = 64 * 1024

/** Joins what comes in small into pieces of a fair size; bytes that come in large are passed on uncopied. */
export function* inPieces(parts: Iterable<Uint8Array | string>): Generator<Uint8Array> {
  let waiting: Uint8Array[] = []
  let waitingBytes = 0
  for (const part of parts) {
    const bytes = typeof part === 'string' ? Buffer.from(part) : part
    if (bytes.length === 0) continue
    waiting.push(bytes)
    waitingBytes += bytes.length
    if (waitingBytes < PIECE_BYTES) continue
    yield waiting.length === 1 ? bytes : Buffer.concat(waiting)
    waiting = []
    waitingBytes = 0
  }
  if (waitingBytes > 0) yield Buffer.concat(waiting)
}
