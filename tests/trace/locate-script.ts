/** Looks for the hop that resets a handshake with the name given; prints what was found as JSON. */
import { locateReset } from '../../src/doctor/path/locate-reset.ts'

const [address = '', serverName = ''] = process.argv.slice(2)
const target = { address, port: 443, serverName, controlName: 'allowed.example' }
const found = await locateReset(target, { maxHops: 10, timeoutMs: 500 })
process.stdout.write(`${JSON.stringify(found)}\n`)
