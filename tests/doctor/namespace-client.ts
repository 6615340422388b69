/** Runs the doctor inside a namespace: takes its job as JSON, prints the report. */

import { diagnose } from '../../src/doctor/diagnose.ts'
import { reportOf } from '../../src/doctor/report.ts'
import type { Role } from '../../src/doctor/target.ts'
import { labLimits, labOptions, target } from './doctor-lab.ts'
import { farHosts } from './namespace.ts'

export interface NamespaceJob {
  readonly authority: string
  readonly targets: readonly { readonly url: string; readonly role: Role }[]
  readonly connectMs?: number
  readonly dataFolder?: string
}

const job = JSON.parse(process.argv[2] ?? '') as NamespaceJob
const targets = job.targets.map(({ url, role }) => target(new URL(url), role))
const diagnosis = await diagnose({
  ...labOptions(targets, job.authority),
  nameServers: [farHosts[0]],
  allowPrivate: ['10.0.0.0/8', 'fd99::/16'],
  ...(job.dataFolder === undefined ? {} : { dataFolder: job.dataFolder }),
  limits: { ...labLimits, ...(job.connectMs === undefined ? {} : { connectMs: job.connectMs }) },
})
process.stdout.write(JSON.stringify(reportOf(diagnosis, 'en')))
process.exit(0)
