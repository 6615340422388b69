import { mkdir, writeFile } from 'node:fs/promises'
import net, { type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type Program, startProgram } from '../program.ts'
import { temporaryFolder } from './row.ts'

export const coldPeers = ['nginx', 'nora'] as const
export type ColdPeer = (typeof coldPeers)[number]

/** Another proxy in front of the lab's upstream, with nothing in its store. */
export interface RunningPeer extends AsyncDisposable {
  /** What a client's GOPROXY is set to. */
  readonly goproxy: string
}

export interface PeerUpstream {
  /** `https://127.0.0.1:PORT`. */
  readonly origin: string
  readonly caFile: string
}

/** The program of a peer, or undefined where this machine has none. `NORA` names the one of `nora-registry`. */
export function programOf(peer: ColdPeer): string | undefined {
  if (peer === 'nora') return process.env.NORA ?? Bun.which('nora') ?? undefined
  return Bun.which('nginx') ?? Bun.which('/usr/sbin/nginx') ?? undefined
}

/** Throws when its program is missing or does not start. */
export async function startColdPeer(peer: ColdPeer, upstream: PeerUpstream): Promise<RunningPeer> {
  const program = programOf(peer)
  if (program === undefined) throw new Error(`${peer} is not installed`)
  const folder = await temporaryFolder()
  const port = await freePort()
  let running: Program | undefined
  const stop = async () => {
    await running?.stop()
    await folder[Symbol.asyncDispose]()
  }
  try {
    running =
      peer === 'nginx'
        ? await startNginx(program, folder.path, port, upstream)
        : await startNora(program, folder.path, port, upstream)
    await untilListening(port, peer)
    const path = peer === 'nginx' ? '' : '/go'
    return { goproxy: `http://127.0.0.1:${port}${path}`, [Symbol.asyncDispose]: stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** A cache with one fetch per key that keeps its connections: what nginx can do for this. */
async function startNginx(
  program: string,
  folder: string,
  port: number,
  { origin, caFile }: PeerUpstream,
): Promise<Program> {
  const { host } = new URL(origin)
  await mkdir(join(folder, 'cache'))
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  await writeFile(
    join(folder, 'nginx.conf'),
    `${process.getuid?.() === 0 ? 'user root;' : ''} worker_processes 2; daemon off; pid ${folder}/nginx.pid;
    error_log ${folder}/error.log; events { worker_connections 1024; }
    http {
      ${paths.map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}
      access_log off; sendfile on; tcp_nodelay on;
      proxy_cache_path ${folder}/cache levels=1:2 keys_zone=lab:50m max_size=5g inactive=1d;
      upstream lab { server ${host}; keepalive 32; }
      server {
        listen 127.0.0.1:${port};
        location / {
          proxy_pass https://lab; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host ${host};
          proxy_ssl_verify on; proxy_ssl_name localhost; proxy_ssl_trusted_certificate ${caFile};
          proxy_cache lab; proxy_cache_lock on; proxy_cache_valid 200 1d;
        }
      }
    }
    `,
  )
  return startProgram({
    command: [program, '-e', join(folder, 'error.log'), '-p', folder, '-c', join(folder, 'nginx.conf')],
  })
}

function startNora(program: string, folder: string, port: number, upstream: PeerUpstream): Promise<Program> {
  return startProgram({
    command: [program, 'serve'],
    cwd: folder,
    env: {
      NORA_HOST: '127.0.0.1',
      NORA_PORT: `${port}`,
      NORA_STORAGE_PATH: join(folder, 'storage'),
      NORA_GO_ENABLED: 'true',
      NORA_GO_PROXY: upstream.origin,
      NORA_RATE_LIMIT_ENABLED: 'false',
      NORA_TLS_CA_CERT: upstream.caFile,
    },
  })
}

async function freePort(): Promise<number> {
  const server = net.createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const { port } = server.address() as AddressInfo
  await new Promise<void>((resolve) => server.close(() => resolve()))
  return port
}

async function untilListening(port: number, peer: ColdPeer): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = net.connect(port, '127.0.0.1')
      socket.once('connect', () => {
        socket.destroy()
        resolve(true)
      })
      socket.once('error', () => resolve(false))
    })
    if (open) return
    await Bun.sleep(50)
  }
  throw new Error(`${peer} does not listen on port ${port}`)
}
