import { createHash } from 'node:crypto'
import { hashModFile } from '../ecosystems/go/zip/dirhash.ts'
import { hashZip } from '../ecosystems/go/zip/hash-zip.ts'
import { bytesSource } from '../ecosystems/go/zip/zip-source.ts'
import type { ProbeHash } from './catalogue.ts'

/** Undefined when these are the pinned bytes, else what is wrong with them, for a sentence that names the probe. */
export async function disproof(bytes: Uint8Array, hash: ProbeHash): Promise<string | undefined> {
  switch (hash.kind) {
    case 'go-mod':
      return hashModFile(bytes) === hash.h1 ? undefined : `does not fit its pinned hash ${hash.h1}`
    case 'go-zip': {
      const { module, version } = hash
      const check = await hashZip(bytesSource(bytes), { module, version, isAborted: () => false })
      if (!check.ok)
        return `is damaged or another file: ${check.reason.replace(/^this is no module zip of \S+: /, '')}`
      return check.h1 === hash.h1 ? undefined : `does not fit its pinned hash ${hash.h1}`
    }
    case 'digest': {
      const hex = createHash(hash.algorithm).update(bytes).digest('hex')
      return hex === hash.hex ? undefined : `does not fit its pinned ${hash.algorithm}`
    }
  }
}

/** A page where there should be a package: a captive portal, a block page, a mirror that moved. */
export function isHtml(bytes: Uint8Array, mediaType: string): boolean {
  if (mediaType === 'text/html' || mediaType === 'application/xhtml+xml') return true
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 256))
  return /^\ufeff?\s*<(!doctype\s+html|html)\b/i.test(start.toString('utf8'))
}
