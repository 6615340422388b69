import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { nginxProgram, startNginx } from '../nginx.ts'
import { freePort, isListening } from '../ports.ts'
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
  return nginxProgram()
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
        ? await startNginxPeer(folder.path, port, upstream)
        : await startNora(program, folder.path, port, upstream)
    if (!(await isListening(port, 10_000))) throw new Error(`${peer} does not listen on port ${port}`)
    const path = peer === 'nginx' ? '' : '/go'
    return { goproxy: `http://127.0.0.1:${port}${path}`, [Symbol.asyncDispose]: stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** A cache with one fetch per key that keeps its connections: what nginx can do for this. */
async function startNginxPeer(
  folder: string,
  port: number,
  { origin, caFile }: PeerUpstream,
): Promise<Program> {
  const { host } = new URL(origin)
  await mkdir(join(folder, 'cache'))
  return await startNginx(
    folder,
    port,
    `access_log off;
    proxy_cache_path ${folder}/cache levels=1:2 keys_zone=lab:50m max_size=5g inactive=1d;
    upstream lab { server ${host}; keepalive 32; }
    server {
      listen 127.0.0.1:${port};
      location / {
        proxy_pass https://lab; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host ${host};
        proxy_ssl_verify on; proxy_ssl_name localhost; proxy_ssl_trusted_certificate ${caFile};
        proxy_cache lab; proxy_cache_lock on; proxy_cache_valid 200 1d;
      }
    }`,
  )
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
