import type { DnsStage } from './dns-stage.ts'
import { chooseProxy, type SpareProxy } from './route.ts'
import type { Run } from './run.ts'
import { endpointOf, hostOf, portOf } from './target.ts'
import { openThrough } from './through-proxy.ts'

/** Tries a tunnel through each proxy, and sends nothing through it. */
export async function trySpares(run: Run, dns: DnsStage): Promise<void> {
  await Promise.all(run.options.spares.map((spare) => trySpare(spare, run, dns)))
}

async function trySpare({ url, route }: SpareProxy, run: Run, dns: DnsStage): Promise<void> {
  const chosen = chooseProxy(url, route)
  if (chosen.outcome === 'direct') return
  if (chosen.outcome === 'unusable') {
    run.record(chosen.foundIn, 0, { probe: 'proxy.choice', url: url.origin, ...chosen })
    return
  }
  const { proxy, foundIn } = chosen
  const name = `${proxy.host}:${proxy.port}`
  const destination = {
    host: hostOf({ url }),
    port: portOf({ url }),
    secure: url.protocol === 'https:',
    run,
    dns,
  }
  const { said, socket, tookMs } = await run.step('proxy', name, () => openThrough(proxy, destination))
  socket?.destroy()
  run.record(name, tookMs, {
    probe: 'proxy.tunnel',
    proxy: name,
    foundIn,
    toward: endpointOf({ url }),
    ...said,
  })
}
