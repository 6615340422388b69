import assert from 'node:assert/strict'
import type { FailureCode } from '../../src/upstream/upstream.ts'
import { type FaultLab, type Variables, victimZip } from './fault-lab.ts'

/** A source with a fault that can be switched on and off. */
export interface Ailment {
  /** As it stands in the list of sources. */
  readonly url: string
  /** As people are told. */
  readonly id: string
  readonly env?: Variables
  strike(): void | Promise<void>
  cure(): void | Promise<void>
}

export interface Promised {
  readonly status: number
  readonly says: RegExp
  /** Several where the kernel's timing decides. */
  readonly code: FailureCode | readonly FailureCode[]
  /** What is asked for. Default: the victim's zip. */
  readonly path?: string
  /** A source that could not even be connected to is left alone for a second. Default `at once`. */
  readonly recovery?: 'at once' | 'within seconds'
}

/** From the only source: a clear refusal before any byte, nothing kept, and the body once the fault is gone. */
export async function onlySource(lab: FaultLab, ailment: Ailment, promised: Promised): Promise<void> {
  const path = promised.path ?? victimZip
  const served = await lab.serve(ailment.url, ailment.env)
  await ailment.strike()
  await served.isRefused(path, { ...promised, source: ailment.id })
  const { lastFailure } = await served.source(ailment.id)
  assert.ok(lastFailure && [promised.code].flat().includes(lastFailure.code), JSON.stringify(lastFailure))
  assert.ok(!(await served.keepsNothingWrong()).includes(path), `${path} is kept`)
  await ailment.cure()
  await served.recovers(path, promised.recovery !== 'within seconds')
  await served.keepsNothingWrong()
}

/** Among equal sources the client sees a whole body and no error. */
export async function equalSources(lab: FaultLab, ailment: Ailment, path = victimZip): Promise<void> {
  const honest = await lab.upstream()
  const served = await lab.serve(`${ailment.url}|${honest.url}`, ailment.env)
  await ailment.strike()
  await served.getsWhole(path)
  await served.keepsNothingWrong()
  await ailment.cure()
}

/** From the only source, with a clean record: what began is cut and not kept, and comes whole afterwards. */
export async function cleanSource(lab: FaultLab, ailment: Ailment): Promise<void> {
  const served = await lab.serve(ailment.url, ailment.env)
  await lab.proveSource(served, ailment.id)
  await ailment.strike()
  await served.isCutOff(victimZip)
  assert.ok(!(await served.keepsNothingWrong()).includes(victimZip), 'a broken body is kept')
  await ailment.cure()
  await served.recovers(victimZip, true)
  await served.keepsNothingWrong()
}
