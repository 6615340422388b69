/** Runs the doctor inside a namespace: takes its job as JSON, prints the report. */

import { lookup } from 'node:dns/promises'
import { diagnose } from '../../src/doctor/diagnose.ts'
import { collectSettings } from '../../src/doctor/prepare.ts'
import { reportOf } from '../../src/doctor/report.ts'
import { resetLocator } from '../../src/doctor/reset-locator.ts'
import type { Role } from '../../src/doctor/target.ts'
import type { EcosystemName } from '../../src/mirrors/catalogue.ts'
import { labLimits, labOptions, target } from './doctor-lab.ts'
import { farHosts } from './namespace.ts'

export interface NamespaceJob {
  readonly authority: string
  readonly targets: readonly {
    readonly url: string
    readonly role: Role
    readonly ecosystem?: EcosystemName
  }[]
  readonly connectMs?: number
  readonly dataFolder?: string
  /** With the place of resets. */
  readonly locate?: true
  /** With a path tracer that never comes to an end. */
  readonly endlessTrace?: true
  /** Names as the system resolves them, its hosts file first. */
  readonly systemLookup?: true
  /** With what the settings of this process and its folder say. */
  readonly settings?: true
}

const job = JSON.parse(process.argv[2] ?? '') as NamespaceJob
const targets = job.targets.map(({ url, role, ecosystem }) => target(new URL(url), role, ecosystem))
const diagnosis = await diagnose({
  ...labOptions(targets, job.authority),
  nameServers: [farHosts[0]],
  ...(job.systemLookup && {
    lookup: async (host) => (await lookup(host, { all: true })).map(({ address }) => address),
  }),
  allowPrivate: ['10.0.0.0/8', 'fd99::/16'],
  ...(job.locate && { locateReset: resetLocator }),
  ...(job.endlessTrace && { tracePath: () => new Promise<never>(() => undefined) }),
  ...(job.settings && { settings: () => collectSettings({ env: process.env, cwd: undefined }, targets) }),
  ...(job.dataFolder === undefined ? {} : { dataFolder: job.dataFolder }),
  limits: { ...labLimits, ...(job.connectMs === undefined ? {} : { connectMs: job.connectMs }) },
})
process.stdout.write(JSON.stringify(reportOf(diagnosis, 'en')))
process.exit(0)
