import type { Fault } from './measurement.ts'

/** The mirror answered, and what it said is not true: no second chance. */
export class WrongAnswer extends Error {
  override readonly name = 'WrongAnswer'
  readonly code = 'mirrors.wrong-answer'
  readonly fault: Fault
  constructor(fault: Fault) {
    super(fault.message)
    this.fault = fault
  }
}

export function htmlAnswer(url: URL): WrongAnswer {
  return new WrongAnswer({
    code: 'html',
    message: `${url.host} answered ${url.pathname} with an HTML page`,
  })
}
