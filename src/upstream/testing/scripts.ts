/** Ways in which a source serves one known body, and fails to. */

import type { Socket } from 'node:net'
import { answer, type Script } from './fake-server.ts'

export const whole = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 251))
export const half = whole.length / 2

/** Serves `whole`, and parts of it when asked for. */
export const sound: Script = (socket, { headers }) => {
  const from = /^bytes=(\d+)-$/.exec(headers.get('range') ?? '')?.[1]
  if (from === undefined) return void socket.write(answer('200 OK', whole, { ETag: '"v1"' }))
  const range = `bytes ${from}-${whole.length - 1}/${whole.length}`
  return void socket.write(
    answer('206 Partial Content', whole.subarray(Number(from)), { 'Content-Range': range, ETag: '"v1"' }),
  )
}
const headOfWhole = `HTTP/1.1 200 OK\r\nContent-Length: ${whole.length}\r\nETag: "v1"\r\n\r\n`
const begins = (socket: Socket) => {
  socket.write(headOfWhole)
  socket.write(whole.subarray(0, half))
}
export const stalls: Script = begins
export const truncates: Script = (socket) => {
  begins(socket)
  socket.end()
}
export const resets: Script = (socket) => {
  socket.write(headOfWhole)
  socket.write(whole.subarray(0, half), () => void setTimeout(() => socket.resetAndDestroy(), 20))
}
export const lies: Script = (socket, { headers }) => {
  const from = Number(/^bytes=(\d+)-$/.exec(headers.get('range') ?? '')?.[1] ?? 0)
  const wrong = Buffer.alloc(whole.length - from, 'L')
  const range = { 'Content-Range': `bytes ${from}-${whole.length - 1}/${whole.length}` }
  socket.write(from === 0 ? answer('200 OK', wrong) : answer('206 Partial Content', wrong, range))
}
export const silent: Script = () => undefined
