import { connect, type Socket } from 'node:net'
import { checkProxyVariables } from '../../src/doctor/probes/proxy-variables.ts'
import { type DoctorLab, labLimits, target } from './doctor-lab.ts'
import type { FaultRow } from './fault-row.ts'
import { answer, type LabHandler, startLabServer } from './lab-server.ts'

/** An honest proxy: connects to the port that is named, on this machine. */
export const tunnel: LabHandler = ({ path }, socket) => {
  const onward = connect(Number(path.split(':').at(-1)), '127.0.0.1')
  onward.on('error', () => socket.destroy())
  onward.once('connect', () => {
    socket.removeAllListeners('data')
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
    socket.pipe(onward)
    onward.pipe(socket)
  })
  socket.on('close', () => onward.destroy())
}

/** Hosts behind names outside the loopback, so that the proxy variable counts, and this proxy. */
async function behind(lab: DoctorLab, handler: LabHandler | undefined, scheme = 'http') {
  const source = await lab.serve('source.example')
  const second = await lab.serve('second.example')
  const proxy = handler === undefined ? { port: 1 } : lab.use(await startLabServer({ handler }))
  lab.names.names.set('proxy.example', { addresses: ['127.0.0.1'] })
  const env = { HTTPS_PROXY: `${scheme}://proxy.example:${proxy.port}` }
  return { targets: [target(source), target(second)], env }
}

const row = (
  fault: string,
  verdicts: FaultRow['verdicts'],
  handler: LabHandler | undefined,
  scheme?: string,
): FaultRow => ({
  fault,
  verdicts,
  inject: async (lab) => {
    const { targets, env } = await behind(lab, handler, scheme)
    return lab.examine(targets, { env })
  },
})

const variable = (fault: string, verdicts: FaultRow['verdicts'], env: Record<string, string>): FaultRow => ({
  fault,
  verdicts,
  inject: async (lab) => {
    const source = await lab.serve('source.example')
    return lab.examine([target(source)], {
      env: { NO_PROXY: env.NO_PROXY ?? '*', ...env },
      facts: checkProxyVariables(env),
    })
  },
})

const cutAfterConnect: LabHandler = (_, socket: Socket) => {
  socket.removeAllListeners('data')
  socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
  socket.once('data', () => socket.resetAndDestroy())
}

export const proxyFaults: readonly FaultRow[] = [
  row('the proxy is gone', ['proxy.dead'], undefined),
  row('the proxy wants credentials (407)', ['proxy.auth'], (_, socket) =>
    answer(socket, { status: 407, headers: { 'Proxy-Authenticate': 'Basic realm="corp", Negotiate' } }),
  ),
  row('the proxy refuses a host (403)', ['proxy.denied'], (_, socket) => answer(socket, { status: 403 })),
  row('the proxy cannot reach the host (502)', ['proxy.denied'], (_, socket) =>
    answer(socket, { status: 502 }),
  ),
  row('the proxy grants the tunnel and cuts it', ['proxy.denied'], cutAfterConnect),
  row('an https:// address for a plain proxy', ['proxy.scheme'], tunnel, 'https'),
  row('what listens there is no proxy', ['proxy.scheme'], (_, socket) => answer(socket, { status: 405 })),
  {
    fault: 'the proxy takes 1.2 s for each tunnel',
    verdicts: ['proxy.slow'],
    inject: async (lab) => {
      const { targets, env } = await behind(lab, (request, socket) => {
        setTimeout(() => socket.destroyed || tunnel(request, socket), 1_200)
      })
      return lab.examine(targets, { env, limits: { ...labLimits, tlsMs: 4_000 } })
    },
  },
  {
    fault: 'the proxy variable holds no address',
    verdicts: ['proxy.invalid'],
    inject: async (lab) =>
      lab.examine([target(await lab.serve('source.example'))], { env: { HTTPS_PROXY: 'gopher://x' } }),
  },
  variable('upper and lower case differ', ['proxy.case'], {
    HTTPS_PROXY: 'http://a.example:1',
    https_proxy: 'http://b.example:1',
    NO_PROXY: '*',
  }),
  variable('a bare @ in the password', ['proxy.credentials'], {
    HTTP_PROXY: 'http://me:p@ss@proxy.example:3128',
    NO_PROXY: '*',
  }),
  variable('a pattern in NO_PROXY that no client reads', ['proxy.no_proxy'], {
    NO_PROXY: '*example, 10.*, http://x.example',
  }),
]
