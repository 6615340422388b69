import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import net, { type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import tls from 'node:tls'
import { makeCertificate } from '../../../lab/certificate.ts'

/** Where npm has the roots of its trust from, as its Sigstore library has it built in. */
const trustHost = 'tuf-repo-cdn.sigstore.dev'
const EXPIRES = '2099-01-01T00:00:00Z'

/** A trust root of our own in Sigstore's place, which names no registry's keys: npm then asks the registry itself. */
export interface TrustRoot extends AsyncDisposable {
  /** For npm's environment: the way to it and the authority to believe. */
  readonly env: Readonly<Record<string, string>>
  /** Puts it into npm's cache as what npm trusts already. */
  plant(npmCache: string): Promise<void>
}

/**
 * npm 9 and later refresh Sigstore's TUF repository (theupdateframework.github.io/specification) before they check
 * any signature. `folder` must exist. Needs the `openssl` program.
 */
export async function startTrustRoot(folder: string): Promise<TrustRoot> {
  const certificate = await makeCertificate([trustHost])
  const authority = join(folder, 'trust-authority.pem')
  await writeFile(authority, certificate.ca)
  const files = signedRepository()
  const host = tls.createServer(certificate, (socket) => {
    socket.on('error', () => socket.destroy())
    socket.once('data', (bytes) => {
      const path = /^GET \/(\S+)/.exec(bytes.toString())?.[1] ?? ''
      // Any later root is one that does not exist.
      const body = path === 'timestamp.json' ? (files[path] ?? '') : ''
      const status = body === '' ? '404 Not Found' : '200 OK'
      const headers = `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close`
      socket.end(`HTTP/1.1 ${status}\r\n${headers}\r\n\r\n${body}`)
    })
  })
  const sockets = new Set<Socket>()
  const proxy = net.createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    socket.once('data', (bytes) => {
      if (!bytes.toString().startsWith(`CONNECT ${trustHost}:443 `)) {
        socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n')
        return
      }
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      host.emit('connection', socket)
    })
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', () => resolve()))
  const { port } = proxy.address() as AddressInfo
  return {
    env: { HTTPS_PROXY: `http://127.0.0.1:${port}`, NODE_EXTRA_CA_CERTS: authority },
    plant: async (npmCache) => {
      const place = join(npmCache, '_tuf', encodeURIComponent(trustHost))
      await mkdir(join(place, 'targets'), { recursive: true })
      for (const name of ['root.json', 'snapshot.json', 'targets.json']) {
        await writeFile(join(place, name), files[name] ?? '')
      }
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => proxy.close(resolve))
    },
  }
}

/** The four roles of a TUF repository without targets, signed by one new key. */
function signedRepository(): Readonly<Record<string, string>> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const key = {
    keytype: 'ed25519',
    scheme: 'ed25519',
    keyval: { public: publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('hex') },
  }
  const keyid = createHash('sha256').update(canonical(key)).digest('hex')
  const signed = (content: Readonly<Record<string, unknown>>) => {
    const body = { spec_version: '1.0.31', version: 1, expires: EXPIRES, ...content }
    const sig = sign(undefined, Buffer.from(canonical(body)), privateKey).toString('hex')
    return JSON.stringify({ signatures: [{ keyid, sig }], signed: body })
  }
  const role = { keyids: [keyid], threshold: 1 }
  const roles = { root: role, timestamp: role, snapshot: role, targets: role }
  return {
    'root.json': signed({ _type: 'root', consistent_snapshot: true, keys: { [keyid]: key }, roles }),
    'timestamp.json': signed({ _type: 'timestamp', meta: { 'snapshot.json': { version: 1 } } }),
    'snapshot.json': signed({ _type: 'snapshot', meta: { 'targets.json': { version: 1 } } }),
    'targets.json': signed({ _type: 'targets', targets: {} }),
  }
}

/** Canonical JSON as TUF signs it: sorted names, no spaces. None of our strings needs an escape. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(',')}}`
}
