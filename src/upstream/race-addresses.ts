/** RFC 8305: try a name's addresses one after another, overlapping, and keep the first that answers. */

import type { Socket } from 'node:net'
import { broken, errorCode } from './failure.ts'
import type { UpstreamLimits } from './limits.ts'
import type { Address, Network } from './network.ts'
import type { UpstreamError } from './upstream.ts'

interface Race {
  readonly addresses: readonly Address[]
  readonly port: number
  readonly network: Network
  readonly limits: Pick<UpstreamLimits, 'connectMs' | 'staggerMs'>
  /** Names the host in messages. */
  readonly subject: string
}

interface Winner {
  readonly socket: Socket
  readonly address: Address
}

/** @throws UpstreamError `connect` when every address refused or stayed silent */
export function raceAddresses(race: Race): Promise<Winner> {
  const { addresses, port, network, limits, subject } = race
  return new Promise<Winner>((resolve, reject) => {
    const running = new Set<Socket>()
    let next = 0
    let stagger: NodeJS.Timeout | undefined
    let lastError: unknown

    const settle = (act: () => void) => {
      clearTimeout(stagger)
      clearTimeout(limit)
      for (const socket of running) socket.destroy()
      running.clear()
      act()
    }
    const limit = setTimeout(() => {
      const text = `${subject} did not answer a connection within ${limits.connectMs} ms (${addresses.length} address${addresses.length === 1 ? '' : 'es'} tried)`
      settle(() =>
        reject(broken('connect', text, { hint: 'The host is down, or a firewall drops the packets.' })),
      )
    }, limits.connectMs)

    const startNext = () => {
      clearTimeout(stagger)
      const address = addresses[next++]
      if (address === undefined) {
        if (running.size === 0) settle(() => reject(refused(lastError, subject)))
        return
      }
      const socket = network.connect(address, port)
      const failed = (error: unknown) => {
        lastError = error
        if (running.delete(socket)) startNext()
      }
      running.add(socket)
      socket.once('connect', () => {
        running.delete(socket)
        socket.off('error', failed)
        // A reset that comes between here and the new owner's listener must not be uncaught; the owner sees `close`.
        socket.on('error', () => socket.destroy())
        settle(() => resolve({ socket, address }))
      })
      socket.on('error', failed)
      stagger = setTimeout(startNext, limits.staggerMs)
    }
    startNext()
  })
}

function refused(error: unknown, subject: string): UpstreamError {
  const code = errorCode(error)
  const words: Record<string, string> = {
    ECONNREFUSED: 'refused the connection',
    ECONNRESET: 'reset the connection at once',
    ENETUNREACH: 'cannot be reached: there is no route to its network',
    EHOSTUNREACH: 'cannot be reached: there is no route to it',
    ETIMEDOUT: 'did not answer',
  }
  return broken(
    'connect',
    `${subject} ${words[code] ?? `cannot be connected to (${code || String(error)})`}`,
    {},
    error,
  )
}
