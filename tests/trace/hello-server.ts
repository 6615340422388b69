/** Answers every ClientHello with an alert, as a server does that knows no such name. Prints a line when it listens. */
import { createServer } from 'node:net'

const unrecognizedName = Uint8Array.of(0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x70)

createServer((socket) => {
  socket.on('error', () => undefined)
  socket.once('data', () => socket.write(unrecognizedName))
}).listen(443, '::', () => process.stdout.write('listening\n'))
