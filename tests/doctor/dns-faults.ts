import type { DoctorLab } from './doctor-lab.ts'
import { target } from './doctor-lab.ts'
import type { FaultRow } from './fault-row.ts'
import { LabNameServer, type NameBehaviour } from './lab-name-server.ts'

/** A source whose name is answered like this, and an honest control. */
async function withName(lab: DoctorLab, behaviour: NameBehaviour) {
  const source = await lab.serve('source.example')
  const control = await lab.serve('control.example')
  lab.names.names.set('source.example', behaviour)
  return [target(source), target(control, 'control')]
}

const row = (fault: string, verdicts: FaultRow['verdicts'], behaviour: NameBehaviour): FaultRow => ({
  fault,
  verdicts,
  inject: async (lab) => lab.examine(await withName(lab, behaviour)),
})

const home = ['127.0.0.1']

export const dnsFaults: readonly FaultRow[] = [
  row('the name server says NXDOMAIN', ['dns.nxdomain (host)'], { code: 'nxdomain' }),
  {
    fault: 'one of two name servers says NXDOMAIN',
    verdicts: ['dns.nxdomain (resolver)'],
    inject: async (lab) => {
      const targets = await withName(lab, { addresses: home })
      const filter = lab.use(await LabNameServer.start())
      filter.names.set('control.example', { addresses: home })
      const lookup = async (host: string) => {
        if (host === 'source.example') throw Object.assign(new Error('not found'), { code: 'ENOTFOUND' })
        return home
      }
      return lab.examine(targets, { nameServers: [filter.address, lab.names.address], lookup })
    },
  },
  {
    fault: 'the name server knows no outside name at all',
    verdicts: ['dns.no_outside (resolver)'],
    inject: async (lab) => {
      const targets = await withName(lab, { code: 'nxdomain' })
      lab.names.names.set('control.example', { code: 'nxdomain' })
      const third = lab.name('third.test', { port: 1 })
      lab.names.names.set('third.test', { code: 'nxdomain' })
      return lab.examine([...targets, target(third)])
    },
  },
  row('the name server says SERVFAIL for one name', ['dns.servfail (host)'], { code: 'servfail' }),
  {
    fault: 'the name server says SERVFAIL for every name',
    verdicts: ['dns.servfail (unexplained)'],
    inject: async (lab) => {
      const targets = await withName(lab, { code: 'servfail' })
      lab.names.names.set('control.example', { code: 'servfail' })
      return lab.examine(targets)
    },
  },
  row('the name server says REFUSED', ['dns.refused'], { code: 'refused' }),
  row('the name server says FORMERR', ['dns.formerr'], { code: 'formerr' }),
  row('the name server answers with garbage', ['dns.formerr'], { garbage: true }),
  row('the name server says NOTIMP', ['dns.notimp'], { code: 'notimp' }),
  row('the name has no address', ['dns.nodata'], { addresses: [] }),
  {
    fault: 'the only name server is silent',
    verdicts: ['dns.timeout (unexplained)'],
    inject: async (lab) => {
      const targets = await withName(lab, { silent: true })
      lab.names.names.set('control.example', { silent: true })
      lab.names.other = { silent: true }
      return lab.examine(targets)
    },
  },
  {
    fault: 'the first of two name servers is silent',
    verdicts: ['dns.timeout (server)'],
    inject: async (lab) => {
      const silent = lab.use(await LabNameServer.start())
      silent.other = { silent: true }
      const targets = await withName(lab, { addresses: home })
      return lab.examine(targets, { nameServers: [silent.address, lab.names.address] })
    },
  },
  row('the name server is silent for one name', ['dns.timeout (host)'], { silent: true }),
  {
    fault: 'no name server runs there',
    verdicts: ['dns.server_down'],
    inject: async (lab) => {
      const targets = await withName(lab, { addresses: home })
      const gone = await LabNameServer.start()
      await gone[Symbol.asyncDispose]()
      return lab.examine(targets, { nameServers: [gone.address] })
    },
  },
  {
    fault: 'the only name server lies where no way leads',
    verdicts: ['dns.timeout'],
    inject: async (lab) =>
      lab.examine(await withName(lab, { addresses: home }), { nameServers: ['fe80::1'] }),
  },
  {
    fault: 'the name server takes 250 ms for every name',
    verdicts: ['dns.slow'],
    inject: async (lab) => {
      const targets = await withName(lab, { addresses: home, afterMs: 250 })
      lab.names.names.set('control.example', { addresses: home, afterMs: 250 })
      lab.names.other = { code: 'nxdomain', afterMs: 250 }
      return lab.examine(targets)
    },
  },
  {
    fault: 'the name server answers with an address of this machine',
    verdicts: ['dns.bogus'],
    inject: async (lab) =>
      lab.examine(await withName(lab, { addresses: ['127.0.0.9'] }), { allowPrivate: ['127.0.0.1'] }),
  },
  {
    fault: 'a fake-IP proxy invents addresses and does not carry the connection',
    verdicts: ['dns.fake_ip'],
    inject: async (lab) => lab.examine(await withName(lab, { addresses: ['198.18.0.7'] })),
  },
  {
    fault: 'the name server invents addresses for missing names',
    verdicts: ['dns.wildcard'],
    inject: async (lab) => {
      const targets = await withName(lab, { addresses: home })
      lab.names.other = { addresses: ['127.0.0.66'] }
      return lab.examine(targets)
    },
  },
  row('two different answers, 30 ms apart', ['dns.injected'], {
    addresses: ['127.0.0.1'],
    second: { addresses: ['127.0.0.2'], afterMs: 30 },
  }),
  {
    fault: 'the answer is cut and TCP port 53 is closed',
    verdicts: ['dns.tcp_blocked'],
    inject: async (lab) => {
      const udpOnly = lab.use(await LabNameServer.start({ tcp: false }))
      const targets = await withName(lab, { addresses: home })
      udpOnly.names.set('source.example', { addresses: home, truncated: true })
      udpOnly.names.set('control.example', { addresses: home })
      return lab.examine(targets, { nameServers: [udpOnly.address] })
    },
  },
  {
    fault: 'a search domain answers for every name',
    verdicts: ['dns.search_suffix'],
    inject: async (lab) => {
      const targets = await withName(lab, { addresses: home })
      lab.names.names.set('source.example.corp.example', { addresses: ['127.0.0.66'] })
      return lab.examine(targets, { searchDomains: ['corp.example'], ndots: 5 })
    },
  },
]
