import { gzipSync } from 'node:zlib'

const BLOCK_BYTES = 512
/** 1985-10-26T08:15:00Z: what npm puts into every tarball, so that equal input gives equal bytes. */
const MTIME_SECONDS = 499_162_500

/** A gzip-compressed ustar archive as `npm pack` makes it: every name below `package/`. Deterministic. */
export function writeTarball(files: Readonly<Record<string, string>>): Uint8Array {
  const parts: Uint8Array[] = []
  for (const [name, text] of Object.entries(files)) {
    const bytes = Buffer.from(text)
    const padding = (BLOCK_BYTES - (bytes.length % BLOCK_BYTES)) % BLOCK_BYTES
    parts.push(header(`package/${name}`, bytes.length), bytes, Buffer.alloc(padding))
  }
  parts.push(Buffer.alloc(2 * BLOCK_BYTES))
  return gzipSync(Buffer.concat(parts), { level: 9 })
}

/** A POSIX ustar header; names up to 100 bytes. */
function header(name: string, sizeBytes: number): Buffer {
  if (Buffer.byteLength(name) > 100) throw new RangeError(`${name} is too long for a plain ustar header`)
  const block = Buffer.alloc(BLOCK_BYTES)
  const octal = (value: number, at: number, width: number) =>
    block.write(`${value.toString(8).padStart(width - 1, '0')}\0`, at, 'latin1')
  block.write(name, 0, 'utf8')
  octal(0o644, 100, 8)
  octal(0, 108, 8)
  octal(0, 116, 8)
  octal(sizeBytes, 124, 12)
  octal(MTIME_SECONDS, 136, 12)
  block.write('        ', 148, 'latin1')
  block.write('0', 156, 'latin1')
  block.write('ustar\0', 257, 'latin1')
  block.write('00', 263, 'latin1')
  let sum = 0
  for (const byte of block) sum += byte
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return block
}
