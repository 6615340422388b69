import { startDeafPort } from '../faults/deaf-port.ts'
import { type DoctorLab, target } from './doctor-lab.ts'
import type { FaultRow } from './fault-row.ts'
import { startBareServer } from './lab-server.ts'

async function withControl(lab: DoctorLab, source: URL) {
  return [target(source), target(await lab.serve('control.example'), 'control')]
}

async function closedPort(): Promise<number> {
  const server = await startBareServer(() => undefined)
  await server[Symbol.asyncDispose]()
  return server.port
}

export const tcpFaults: readonly FaultRow[] = [
  {
    fault: 'a closed port',
    verdicts: ['tcp.refused (host)'],
    inject: async (lab) =>
      lab.examine(await withControl(lab, lab.name('source.example', { port: await closedPort() }))),
  },
  {
    fault: 'a closed port, with nothing to compare with',
    verdicts: ['tcp.refused (unexplained)'],
    inject: async (lab) => lab.examine([target(lab.name('source.example', { port: await closedPort() }))]),
  },
  {
    fault: 'a port whose SYNs are dropped',
    verdicts: ['tcp.filtered (host)'],
    inject: async (lab) => {
      const deaf = lab.use(await startDeafPort('127.0.0.1'))
      return lab.examine(await withControl(lab, lab.name('source.example', deaf)))
    },
  },
  {
    fault: 'a server that resets each connection at once',
    verdicts: ['tcp.reset_on_connect (host)'],
    inject: async (lab) => {
      const server = lab.use(await startBareServer((socket) => void socket.resetAndDestroy()))
      return lab.examine(await withControl(lab, lab.name('source.example', server)))
    },
  },
]
