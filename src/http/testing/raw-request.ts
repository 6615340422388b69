import { connect } from 'node:net'

export interface RawAnswer {
  /** The status line. */
  readonly status: string
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>
  /** What came after the headers, as it stood on the wire, chunk sizes included. */
  readonly rest: string
}

/** Sends bytes and reads what comes until the server closes: `Connection: close` belongs into the request. */
export async function rawRequest(url: string, request: string): Promise<RawAnswer> {
  const { hostname, port } = new URL(url)
  const received = await new Promise<string>((resolve, reject) => {
    let text = ''
    const socket = connect(Number(port), hostname, () => socket.write(request))
    socket.setEncoding('latin1')
    socket.setTimeout(10_000, () => socket.destroy(new Error(`no end after: ${text.slice(0, 500)}`)))
    socket.on('data', (piece: string) => {
      text += piece
    })
    // A reset is one way of cutting a connection.
    socket.on('error', (error) =>
      'code' in error && error.code === 'ECONNRESET' ? resolve(text) : reject(error),
    )
    socket.on('close', () => resolve(text))
  })
  const end = received.indexOf('\r\n\r\n')
  const [status = '', ...lines] = received.slice(0, end).split('\r\n')
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const
    }),
  )
  return { status, headers, rest: received.slice(end + 4) }
}
