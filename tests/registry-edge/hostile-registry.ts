/** An npm registry and a Python index on loopback that says what no registry should. */

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'

export type Reply = (response: ServerResponse) => void | Promise<void>

export interface HostileRegistry extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly url: string
  /** What was asked for, in order. */
  readonly asked: string[]
  /** By path. */
  readonly replies: Map<string, Reply>
}

export const goodTarball = gzipSync(Buffer.alloc(2_000, 'package/index.js'))
export const goodWheel = Buffer.alloc(3_000, 'PK wheel')

/** A registry with one sound package of each kind (`left-pad`, `good`), and what `replies` adds. */
export async function hostileRegistry(): Promise<HostileRegistry> {
  const asked: string[] = []
  const replies = new Map<string, Reply>()
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    asked.push(path)
    // Whoever asks may leave in the middle of what is too much.
    response.on('error', () => undefined)
    const reply = replies.get(path)
    if (reply === undefined) response.writeHead(404, { 'content-type': 'application/json' }).end('{}')
    else void reply(response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
  replies.set('/npm/left-pad', json(packument('left-pad', `${url}/npm`)))
  replies.set('/npm/left-pad/-/left-pad-1.0.0.tgz', bytes(goodTarball))
  replies.set('/simple/good/', json(page('good', goodWheel), 'application/vnd.pypi.simple.v1+json'))
  replies.set('/files/good-1.0-py3-none-any.whl', bytes(goodWheel))
  return {
    url,
    asked,
    replies,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

export function json(body: unknown, type = 'application/json'): Reply {
  return text(JSON.stringify(body), type)
}

export function text(body: string | Uint8Array, type = 'application/json'): Reply {
  return (response) => void response.writeHead(200, { 'content-type': type }).end(body)
}

export function bytes(body: Uint8Array): Reply {
  return text(body, 'application/octet-stream')
}

/** Endless pieces of one kind between a start and an end, without a length; at the reader's pace. */
export function flood(
  parts: { readonly start: string; readonly piece: string; readonly times: number; readonly end: string },
  headers: Record<string, string> = { 'content-type': 'application/json' },
): Reply {
  return async (response) => {
    response.writeHead(200, headers)
    response.write(parts.start)
    for (let count = 0; count < parts.times && !response.destroyed; count++) {
      if (response.write(parts.piece)) continue
      await roomIn(response)
    }
    if (!response.destroyed) response.end(parts.end)
  }
}

/** Resolves when more can be written, or nobody reads any more. */
function roomIn(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done)
      response.off('close', done)
      resolve()
    }
    response.on('drain', done)
    response.on('close', done)
  })
}

export function packument(name: string, registry: string, tarball: Uint8Array = goodTarball) {
  const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`
  const dist = { tarball: `${registry}/${name}/-/${name}-1.0.0.tgz`, integrity }
  return {
    name,
    'dist-tags': { latest: '1.0.0' },
    versions: { '1.0.0': { name, version: '1.0.0', dist } },
    time: { '1.0.0': '2024-01-01T00:00:00.000Z' },
  }
}

export function page(name: string, wheel: Uint8Array) {
  const filename = `${name}-1.0-py3-none-any.whl`
  const sha256 = createHash('sha256').update(wheel).digest('hex')
  return {
    meta: { 'api-version': '1.1' },
    name,
    versions: ['1.0'],
    files: [
      { filename, url: `../../files/${filename}`, hashes: { sha256 }, size: wheel.length, yanked: false },
    ],
  }
}
