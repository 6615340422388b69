import { randomInt } from 'node:crypto'
import type { Family } from '../kernel/socket-address.ts'
import { buildEcho, readEcho } from '../wire/icmp-echo.ts'
import type { PacketFormat } from './packet-format.ts'

/** Echo requests. A ping socket writes an identifier of its own: `identifier`. */
export function icmpFormat(family: Family, identifier = randomInt(1, 0x10000)): PacketFormat {
  const ipHeader = family === 4 ? 20 : 40
  const firstChecksum = randomInt(0x1000, 0xe000)
  return {
    keepsFlow: true,
    build: ({ sequence, flow, sizeBytes }) => {
      const fields = { family, identifier, sequence: sequence & 0xffff, checksum: firstChecksum + flow }
      return {
        bytes: buildEcho({ ...fields, sizeBytes: (sizeBytes ?? 64) - ipHeader }),
        mark: sequence & 0xffff,
      }
    },
    readQuote: (quote) => {
      const echo = readEcho(family, quote)
      return echo?.kind === 'request' && echo.identifier === identifier ? echo.sequence : undefined
    },
    readAnswer: (payload) => {
      const echo = readEcho(family, payload)
      if (echo?.kind !== 'reply' || echo.identifier !== identifier) return undefined
      return { mark: echo.sequence, meaning: 'echo' }
    },
    [Symbol.dispose]: () => undefined,
  }
}
