import type { Socket } from 'node:net'
import { createSecureContext } from 'node:tls'
import { makeLabCertificate } from './certificate.ts'
import { type DoctorLab, target } from './doctor-lab.ts'
import type { FaultRow } from './fault-row.ts'
import { answer, startBareServer, startFront } from './lab-server.ts'

const dayMs = 86_400_000
type Cut = (socket: Socket) => void

const reset: Cut = (socket) => void socket.resetAndDestroy()
const close: Cut = (socket) => void socket.end()
const silence: Cut = () => undefined
const alert =
  (code: number): Cut =>
  (socket) =>
    void socket.end(Buffer.from([21, 3, 3, 0, 2, 2, code]))

/** Both hosts behind a device that cuts handshakes whose first bytes hold this name. */
async function filtered(lab: DoctorLab, cut: Cut, name: string | undefined, controlToo: boolean) {
  const source = await lab.serve('source.example')
  const control = await lab.serve('control.example')
  const through = async (url: URL) => {
    const front = await startFront(Number(url.port), (first, socket) => {
      if (name !== undefined && !first.includes(name)) return 'pass'
      cut(socket)
      return 'taken'
    })
    return lab.name(url.hostname, lab.use(front))
  }
  return [target(await through(source)), target(controlToo ? await through(control) : control, 'control')]
}

/** The source does this to every handshake; the control is honest, or there is none. */
async function broken(lab: DoctorLab, cut: Cut, withControl = true) {
  const server = lab.use(await startBareServer((socket) => void socket.once('data', () => cut(socket))))
  const source = target(lab.name('source.example', server))
  return withControl ? [source, target(await lab.serve('control.example'), 'control')] : [source]
}

const cuts = [
  ['reset', 'tls.reset', reset],
  ['closed', 'tls.closed', close],
  ['answered with silence', 'tls.silent', silence],
] as const

const cutRows = cuts.flatMap(([what, id, cut]): FaultRow[] => [
  {
    fault: `TLS of one name is ${what} on the path, other names pass`,
    verdicts: [`${id} (sni_filter)`],
    inject: async (lab) => lab.examine(await filtered(lab, cut, 'source.example', true)),
  },
  {
    fault: `TLS of every name is ${what} by one server`,
    verdicts: [`${id} (server)`],
    inject: async (lab) => lab.examine(await broken(lab, cut)),
  },
  {
    fault: `TLS is ${what}, with nothing to compare with`,
    verdicts: [`${id} (unexplained)`],
    inject: async (lab) => lab.examine(await broken(lab, cut, false)),
  },
])

const alertRows = ([40, 70, 80, 112] as const).map(
  (code): FaultRow => ({
    fault: `the server answers with TLS alert ${code}`,
    verdicts: ['tls.alert'],
    inject: async (lab) => lab.examine(await broken(lab, alert(code))),
  }),
)

export const tlsFaults: readonly FaultRow[] = [
  ...cutRows,
  {
    fault: 'TLS of every host is reset, the control too',
    verdicts: ['tls.reset (unexplained)'],
    inject: async (lab) => lab.examine(await filtered(lab, reset, undefined, true)),
  },
  ...alertRows,
  {
    fault: 'plain HTTP on the TLS port',
    verdicts: ['tls.not_tls'],
    inject: async (lab) => {
      const plain = await lab.servePlain('source.example', (_, socket) => answer(socket, { status: 400 }))
      const server = lab.use(
        await startBareServer((socket) => void socket.once('data', () => answer(socket, { status: 400 }))),
      )
      return lab.examine([
        target(lab.name(plain.hostname, server)),
        target(await lab.serve('control.example'), 'control'),
      ])
    },
  },
  certificate('an expired certificate', 'cert.expired', (lab) => ({
    certificate: lab.certificate('source.example', { validTo: new Date(Date.now() - 5 * dayMs) }),
  })),
  certificate('a certificate of the future', 'cert.not_yet_valid', (lab) => ({
    certificate: lab.certificate('source.example', { validFrom: new Date(Date.now() + 5 * dayMs) }),
  })),
  certificate("another host's certificate", 'cert.wrong_host', (lab) => ({
    certificate: lab.certificate('other.example'),
  })),
  certificate('a self-signed certificate', 'cert.self_signed', () => ({
    certificate: makeLabCertificate({ name: 'source.example', hosts: ['source.example'] }),
  })),
  certificate('a certificate of a private authority, with its root', 'cert.untrusted', () => {
    const issuer = makeLabCertificate({ name: 'somebody', isAuthority: true })
    return {
      certificate: makeLabCertificate({ name: 'source.example', hosts: ['source.example'], issuer }),
      chain: [issuer],
    }
  }),
  certificate('a certificate of a private authority, without its root', 'cert.untrusted', () => {
    const issuer = makeLabCertificate({ name: 'somebody', isAuthority: true })
    return { certificate: makeLabCertificate({ name: 'source.example', hosts: ['source.example'], issuer }) }
  }),
  certificate('an intermediate certificate that is not sent', 'cert.missing_intermediate', (lab) => {
    const issuer = makeLabCertificate({ name: 'intermediate', isAuthority: true, issuer: lab.authority })
    const issuerAddress = 'http://ca.example/intermediate.cer'
    return {
      certificate: makeLabCertificate({
        name: 'source.example',
        hosts: ['source.example'],
        issuer,
        issuerAddress,
      }),
    }
  }),
  {
    fault: 'a company gateway signs for unrelated hosts, its authority unknown',
    verdicts: ['tls.mitm_corporate'],
    inject: async (lab) => lab.examine(await intercepted(lab)),
  },
  {
    fault: 'a company gateway signs for unrelated hosts, its authority in the system store only',
    verdicts: ['tls.mitm_corporate'],
    inject: async (lab) => {
      const corporate = makeLabCertificate({ name: 'corporate authority', isAuthority: true })
      const targets = await intercepted(lab, corporate)
      return lab.examine(targets, {
        trust: createSecureContext({ ca: [lab.authority.cert, corporate.cert] }),
      })
    },
  },
  {
    fault: 'two hosts show expired certificates and Dates of another week',
    verdicts: ['clock.skew'],
    inject: async (lab) => {
      const certificate = (host: string) =>
        lab.certificate(host, { validTo: new Date(Date.now() - 5 * dayMs) })
      const late = { Date: new Date(Date.now() - 9 * dayMs).toUTCString() }
      const portal = await lab.servePlain('portal.example', (_, socket) =>
        answer(socket, { status: 204, headers: late }),
      )
      const source = await lab.serve('source.example', { certificate: certificate('source.example') })
      const control = await lab.serve('control.example', { certificate: certificate('control.example') })
      return lab.examine([target(source), target(control, 'control')], { portalProbe: portal })
    },
  },
]

function certificate(
  fault: string,
  verdict: FaultRow['verdicts'][number],
  options: (lab: DoctorLab) => Parameters<DoctorLab['serve']>[1],
): FaultRow {
  return {
    fault,
    verdicts: [verdict],
    inject: async (lab) => {
      const source = await lab.serve('source.example', options(lab))
      return lab.examine([target(source), target(await lab.serve('control.example'), 'control')])
    },
  }
}

async function intercepted(
  lab: DoctorLab,
  issuer = makeLabCertificate({ name: 'corporate authority', isAuthority: true }),
) {
  const served = async (host: string) =>
    lab.serve(host, {
      certificate: makeLabCertificate({ name: host, hosts: [host], issuer }),
      chain: [issuer],
    })
  return [target(await served('source.example')), target(await served('control.example'), 'control')]
}
