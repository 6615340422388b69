import { type MplsLabel, readMplsLabels } from '../wire/icmp-extensions.ts'
import {
  IP_RECVERR,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_RECVERR,
  SO_EE_ORIGIN_ICMP,
  SO_EE_ORIGIN_ICMP6,
  SO_EE_ORIGIN_LOCAL,
  SO_TIMESTAMPNS,
  SOL_SOCKET,
} from './linux-constants.ts'
import { readSocketAddress } from './socket-address.ts'

/** An entry of a socket's error queue (`struct sock_extended_err`, ip(7)). */
export interface QueuedError {
  readonly origin: 'icmp' | 'local' | 'other'
  readonly errno: number
  readonly type: number
  readonly code: number
  /** For an error about size: the MTU, in bytes. */
  readonly info: number
  /** Who sent the ICMP error. */
  readonly offender?: string
  /** Where the ICMP extensions begin in the quoted bytes, by RFC 4884's length field. */
  readonly extensionOffset?: number
}

export interface ControlMessages {
  /** When the packet came in, in milliseconds of CLOCK_REALTIME. */
  readonly arrivedMs?: number
  readonly error?: QueuedError
}

/** Reads the control messages of `recvmsg` (cmsg(3), 64-bit layout). What does not fit is left out. */
export function readControlMessages(bytes: Uint8Array): ControlMessages {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let result: ControlMessages = {}
  let at = 0
  while (at + 16 <= bytes.length) {
    const length = view.getUint32(at, true)
    if (length < 16 || at + length > bytes.length) break
    const level = view.getInt32(at + 8, true)
    const type = view.getInt32(at + 12, true)
    const data = bytes.subarray(at + 16, at + length)
    if (level === SOL_SOCKET && type === SO_TIMESTAMPNS && data.length >= 16) {
      const seconds = Number(view.getBigInt64(at + 16, true))
      result = { ...result, arrivedMs: seconds * 1000 + Number(view.getBigInt64(at + 24, true)) / 1e6 }
    }
    const isError =
      (level === IPPROTO_IP && type === IP_RECVERR) || (level === IPPROTO_IPV6 && type === IPV6_RECVERR)
    const error = isError ? readQueuedError(data) : undefined
    if (error !== undefined) result = { ...result, error }
    at += (length + 7) & ~7
  }
  return result
}

function readQueuedError(data: Uint8Array): QueuedError | undefined {
  if (data.length < 16) return undefined
  const view = new DataView(data.buffer, data.byteOffset, data.length)
  const origin = view.getUint8(4)
  const offender = readSocketAddress(data.subarray(16))?.address
  const offset = view.getUint16(12, true)
  const invalid = (view.getUint8(14) & 1) !== 0
  return {
    origin: originName(origin),
    errno: view.getUint32(0, true),
    type: view.getUint8(5),
    code: view.getUint8(6),
    info: view.getUint32(8, true),
    ...(offender === undefined ? {} : { offender }),
    ...(offset === 0 || invalid ? {} : { extensionOffset: offset }),
  }
}

function originName(origin: number): QueuedError['origin'] {
  if (origin === SO_EE_ORIGIN_ICMP || origin === SO_EE_ORIGIN_ICMP6) return 'icmp'
  return origin === SO_EE_ORIGIN_LOCAL ? 'local' : 'other'
}

/**
 * The MPLS labels behind a quoted packet. Routers older than RFC 4884 leave its length field empty and put the
 * extensions behind 128 quoted bytes, `strippedBytes` of which the kernel took away.
 */
export function labelsOf(error: QueuedError, quote: Uint8Array, strippedBytes: number): MplsLabel[] {
  return readMplsLabels(quote, error.extensionOffset ?? 128 - strippedBytes)
}
