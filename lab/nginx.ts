import { mkdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LabCertificate } from './certificate.ts'
import { freePort, isListening } from './ports.ts'
import { type Program, startProgram } from './program.ts'

export interface Nginx extends AsyncDisposable {
  readonly port: number
  readonly url: string
}

export interface StaticNginx extends Nginx {
  /** What was asked for since the last call, then starts over. */
  takeLog(): Promise<readonly LoggedRequest[]>
}

export interface LoggedRequest {
  readonly path: string
  readonly status: number
  /** Of the body. */
  readonly bytes: number
}

/** nginx as a cache in front of an upstream: the yardstick for warm hits. `folder` must exist and be empty. */
export async function startNginxCache(folder: string, upstreamPort: number): Promise<Nginx> {
  const port = await freePort()
  await mkdir(join(folder, 'cache'))
  return await start(
    folder,
    port,
    `http://127.0.0.1:${port}`,
    `access_log off; keepalive_requests 100000000;
    proxy_cache_path ${folder}/cache levels=1:2 keys_zone=lab:50m max_size=5g inactive=1d;
    upstream lab { server 127.0.0.1:${upstreamPort}; keepalive 32; }
    server {
      listen 127.0.0.1:${port};
      location / {
        proxy_pass http://lab; proxy_http_version 1.1; proxy_set_header Connection "";
        proxy_cache lab; proxy_cache_valid 200 1d;
      }
    }`,
  )
}

/**
 * nginx as an origin: a module cache's `cache/download` over TLS with HTTP/2, each request logged; `/sumdb/` comes
 * from a server of the lab.
 */
export async function startStaticNginx(
  folder: string,
  files: string,
  certificate: LabCertificate,
  sumdbPort: number,
): Promise<StaticNginx> {
  const port = await freePort()
  const log = join(folder, 'access.log')
  await writeFile(join(folder, 'cert.pem'), certificate.cert)
  await writeFile(join(folder, 'key.pem'), certificate.key, { mode: 0o600 })
  await writeFile(log, '')
  const nginx = await start(
    folder,
    port,
    `https://127.0.0.1:${port}`,
    `log_format lab '$status $body_bytes_sent $request_uri'; access_log ${log} lab; keepalive_requests 100000;
    types { application/zip zip; application/json info; text/plain mod; } default_type text/plain;
    server {
      listen 127.0.0.1:${port} ssl http2;
      ssl_certificate ${folder}/cert.pem; ssl_certificate_key ${folder}/key.pem;
      # As public sources have it: older nginx stops at 1.2 by itself, which costs a round trip more.
      ssl_protocols TLSv1.2 TLSv1.3;
      root ${files};
      location /sumdb/ { proxy_pass http://127.0.0.1:${sumdbPort}; proxy_http_version 1.1; }
    }`,
  )
  return {
    ...nginx,
    async takeLog() {
      const text = await readFile(log, 'utf8')
      await truncate(log)
      return text.split('\n').filter(Boolean).map(parseLogLine)
    },
  }
}

function parseLogLine(line: string): LoggedRequest {
  const [status, bytes, ...path] = line.split(' ')
  return { status: Number(status), bytes: Number(bytes), path: path.join(' ').replace(/^\//, '') }
}

/** nginx's program, or undefined where this machine has none. */
export function nginxProgram(): string | undefined {
  return Bun.which('nginx') ?? Bun.which('/usr/sbin/nginx') ?? undefined
}

/** nginx with what stands in `http { … }`. `folder` must exist; its server must listen on `port`. */
export async function startNginx(folder: string, port: number, http: string): Promise<Program> {
  const program = nginxProgram()
  if (!program) throw new Error('this row needs nginx (Debian: apt-get install nginx-light)')
  const user = process.getuid?.() === 0 ? 'user root;' : ''
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  await writeFile(
    join(folder, 'nginx.conf'),
    `${user} worker_processes 2; daemon off; pid ${folder}/nginx.pid; error_log ${folder}/error.log;
    events { worker_connections 4096; }
    http {
      ${paths.map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}
      sendfile on; tcp_nodelay on;
      ${http}
    }
    `,
  )
  const errorLog = join(folder, 'error.log')
  const running = await startProgram({
    command: [program, '-e', errorLog, '-p', folder, '-c', join(folder, 'nginx.conf')],
  })
  if (await isListening(port, 10_000)) return running
  await running.stop()
  throw new Error(`nginx does not listen: ${(await readFile(errorLog, 'utf8')).slice(-400)}`)
}

async function start(folder: string, port: number, url: string, http: string): Promise<Nginx> {
  const running = await startNginx(folder, port, `tcp_nopush on; ${http}`)
  return { port, url, [Symbol.asyncDispose]: () => running[Symbol.asyncDispose]() }
}
