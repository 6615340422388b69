/**
 * Delays what a router forwards: `delay-packets.ts MS`. Whatever the kernel sends into the TUN device comes back out of
 * it so much later. Says when it is ready.
 */
import { dlopen, ptr } from 'bun:ffi'
import { execFileSync } from 'node:child_process'
import { openSync, read, writeSync } from 'node:fs'

const delayMs = Number(process.argv[2])
const tunSetInterface = 0x400454ca
const tunWithoutHeader = 0x1001

const libc = dlopen('libc.so.6', { ioctl: { args: ['i32', 'u64', 'ptr'], returns: 'i32' } }).symbols
const device = openSync('/dev/net/tun', 'r+')
const request = Buffer.alloc(40)
request.write('late')
request.writeUInt16LE(tunWithoutHeader, 16)
if (libc.ioctl(device, tunSetInterface, ptr(request)) < 0) throw new Error('no TUN device')
execFileSync('ip', ['link', 'set', 'late', 'up'])
next()
process.stdout.write('ready\n')

function next(): void {
  const buffer = Buffer.alloc(2048)
  read(device, buffer, 0, buffer.length, null, (error, length) => {
    if (error !== null) throw error
    setTimeout(() => writeSync(device, buffer.subarray(0, length)), delayMs)
    next()
  })
}
