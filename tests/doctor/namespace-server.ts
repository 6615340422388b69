/** What stands in the farthest namespace: name server, http and https sources. Says when it is ready, with its authority. */

import { makeLabCertificate } from './certificate.ts'
import { honest } from './doctor-lab.ts'
import { LabNameServer } from './lab-name-server.ts'
import { startBareServer, startLabServer } from './lab-server.ts'
import { farHosts } from './namespace.ts'

const authority = makeLabCertificate({ name: 'lab authority', isAuthority: true })
const names = await LabNameServer.start({ host: farHosts[0], port: 53 })
names.names.set('dual.example', { addresses: [farHosts[0], 'fd99:2::2'] })
for (const name of ['cut.example', 'refused.example', 'silent.example', 'fine.example'])
  names.names.set(name, { addresses: [farHosts[0]] })
// A chain that does not fit one small packet, as real ones do not.
const padding = Array.from({ length: 60 }, (_, index) => `a-long-name-of-no-importance-${index}.example`)
for (const host of farHosts) {
  const certificate = makeLabCertificate({ name: host, hosts: [host, ...padding], issuer: authority })
  await startLabServer({ handler: honest, host, port: 80 })
  await startLabServer({ handler: honest, host, port: 443, certificate })
}
await startBareServer((socket) => void socket.resetAndDestroy(), { host: farHosts[0], port: 99 })
process.stdout.write(`ready ${JSON.stringify(authority.cert)}\n`)
