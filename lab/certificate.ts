import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

export interface LabCertificate {
  /** The authority that a client must trust, PEM. */
  readonly ca: string
  readonly cert: string
  readonly key: string
}

/**
 * An authority of this run and a certificate of it for 127.0.0.1, localhost and the given names.
 * Needs the `openssl` program (Debian: `apt-get install openssl`).
 */
export async function makeCertificate(names: readonly string[] = ['*.example']): Promise<LabCertificate> {
  const folder = await mkdtemp(join(tmpdir(), 'posthaste-lab-ca-'))
  const at = (name: string) => join(folder, name)
  const openssl = (...args: string[]) =>
    run('openssl', args).catch((error: Error) => {
      throw new Error(`TLS in the lab needs the openssl program (apt-get install openssl): ${error.message}`)
    })
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  try {
    await openssl(
      'req',
      '-x509',
      ...newKey,
      '-keyout',
      at('ca.key'),
      '-out',
      at('ca.pem'),
      '-days',
      '30',
      '-subj',
      '/CN=lab authority',
    )
    await openssl(
      'req',
      ...newKey,
      '-keyout',
      at('key.pem'),
      '-out',
      at('request.pem'),
      '-subj',
      '/CN=lab upstream',
    )
    const alternatives = ['IP:127.0.0.1', 'DNS:localhost', ...names.map((name) => `DNS:${name}`)]
    await writeFile(
      at('extensions'),
      `subjectAltName=${alternatives.join(',')}\nextendedKeyUsage=serverAuth\n`,
    )
    await openssl(
      ...[
        'x509',
        '-req',
        '-in',
        at('request.pem'),
        '-CA',
        at('ca.pem'),
        '-CAkey',
        at('ca.key'),
        '-CAcreateserial',
      ],
      ...['-days', '30', '-extfile', at('extensions'), '-out', at('cert.pem')],
    )
    const [ca, cert, key] = await Promise.all(
      ['ca.pem', 'cert.pem', 'key.pem'].map((name) => readFile(at(name), 'utf8')),
    )
    return { ca: ca ?? '', cert: cert ?? '', key: key ?? '' }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
