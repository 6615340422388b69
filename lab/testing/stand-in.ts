/** A few lines that behave like `posthaste serve` to a measurement: cache in memory, one fetch per key. */
export interface StandIn extends AsyncDisposable {
  readonly url: string
}

export function startStandIn(upstream: string): StandIn {
  const kept = new Map<string, Promise<Response>>()
  const bodies = new Map<string, Uint8Array<ArrayBuffer>>()
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    idleTimeout: 0,
    async fetch(request) {
      const path = new URL(request.url).pathname.replace(/^\/go\//, '')
      const known = bodies.get(path)
      if (known) return new Response(known)
      let answer = kept.get(path)
      if (!answer) {
        answer = fetch(`${upstream}/${path}`)
        kept.set(path, answer)
        const { status } = await answer
        if (status === 200) bodies.set(path, new Uint8Array(await (await answer).arrayBuffer()))
        else return new Response('missing', { status })
      }
      while (!bodies.has(path)) await Bun.sleep(5)
      return new Response(bodies.get(path))
    },
  })
  return {
    url: `http://127.0.0.1:${server.port}`,
    async [Symbol.asyncDispose]() {
      await server.stop(true)
    },
  }
}

if (import.meta.main) {
  const standIn = startStandIn(process.env.POSTHASTE_GO_UPSTREAM ?? '')
  console.log(`posthaste ready on ${standIn.url}`)
}
