import { readFile } from 'node:fs/promises'
import type { Config } from '../config/schema.ts'
import type { UpstreamOptions } from '../upstream/options.ts'
import { configuredProxy } from '../upstream/proxy-settings.ts'

type Env = Readonly<Record<string, string | undefined>>

/** The transport's settings, as the configuration has them. */
export async function upstreamOptions(
  config: Config,
  env: Env,
): Promise<Omit<UpstreamOptions, 'lists' | 'version' | 'instanceId'>> {
  const { upstream } = config
  const headers: Record<string, Record<string, string>> = {}
  const netrc: string[] = []
  for (const [host, credential] of Object.entries(upstream.credentials)) {
    switch (credential.kind) {
      case 'header':
        headers[host] = { [credential.name]: credential.value }
        break
      case 'basic': {
        const pair = Buffer.from(`${credential.username}:${credential.password}`).toString('base64')
        headers[host] = { Authorization: `Basic ${pair}` }
        break
      }
      case 'netrc':
        netrc.push(await readFile(credential.path, 'utf8'))
    }
  }
  return {
    offline: config.offline,
    env: withProxy(env, upstream.proxy),
    resolvers: upstream.resolvers,
    allowPrivate: upstream.allowPrivate,
    headers,
    limits: {
      connectMs: upstream.connectMs,
      handshakeMs: upstream.connectMs,
      firstByteMs: upstream.firstByteMs,
      stallMs: upstream.stallMs,
      budgetMs: upstream.budgetMs,
      maxConnections: upstream.maxConnections,
    },
    ...(upstream.caFile === undefined ? {} : { caFile: upstream.caFile }),
    ...(netrc.length === 0 ? {} : { netrc: netrc.join('\n') }),
  }
}

/** `upstream.proxy` stands above the variables; `off` empties them. */
function withProxy(env: Env, proxy: string | undefined): Env {
  if (proxy === undefined) return env
  const rest = Object.fromEntries(Object.entries(env).filter(([name]) => !/^(https?|all)_proxy$/i.test(name)))
  return proxy === 'off' ? rest : { ...rest, [configuredProxy]: proxy }
}
