import { checksum } from './checksum.ts'

/** One entry of an MPLS label stack (RFC 3032). */
export interface MplsLabel {
  readonly label: number
  readonly trafficClass: number
  readonly bottom: boolean
  readonly ttl: number
}

const versionTwo = 0x20
const mplsClass = 1
const incomingStack = 1
/** More entries than any router stacks: what comes from outside has a bound. */
const maxLabels = 16

/**
 * The MPLS labels of an ICMP extension structure (RFC 4884, RFC 4950) at `offset`. Empty where there is none, where
 * its checksum is wrong, or where a length does not fit.
 */
export function readMplsLabels(bytes: Uint8Array, offset: number): MplsLabel[] {
  if (offset < 0 || offset + 4 > bytes.length) return []
  const extension = bytes.subarray(offset)
  const view = new DataView(extension.buffer, extension.byteOffset, extension.length)
  if ((view.getUint8(0) & 0xf0) !== versionTwo) return []
  // A checksum of zero says that none was sent.
  if (view.getUint16(2) !== 0 && checksum(extension) !== 0) return []
  const labels: MplsLabel[] = []
  let at = 4
  while (at + 4 <= extension.length && labels.length < maxLabels) {
    const length = view.getUint16(at)
    if (length < 4 || at + length > extension.length) break
    if (view.getUint8(at + 2) === mplsClass && view.getUint8(at + 3) === incomingStack) {
      for (let entry = at + 4; entry + 4 <= at + length && labels.length < maxLabels; entry += 4) {
        labels.push(readLabel(view.getUint32(entry)))
      }
    }
    at += length
  }
  return labels
}

function readLabel(word: number): MplsLabel {
  return {
    label: word >>> 12,
    trafficClass: (word >>> 9) & 7,
    bottom: ((word >>> 8) & 1) === 1,
    ttl: word & 255,
  }
}
