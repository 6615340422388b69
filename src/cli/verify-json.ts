import { maskSettings } from '../clients/mask-settings.ts'
import type { Proof } from '../verify/judge-run.ts'
import { exitCodeOf, type VerifyReport } from './verify-outcome.ts'

const outcomes = { 0: 'in-effect', 1: 'problem', 2: 'unknown', 64: 'unknown' } as const

/** What `--json` prints. Secrets are masked. */
export function verifyJson(report: VerifyReport) {
  return {
    schema: 1,
    outcome: outcomes[exitCodeOf(report)],
    base: maskSettings(report.base),
    clients: report.clients.map((one) => {
      const common = { client: one.client, verdict: one.verdict, summary: maskSettings(one.summary) }
      const reasons = one.reasons.map(({ text, fix }) => ({
        text: maskSettings(text),
        fix: maskSettings(fix),
      }))
      if (one.kind === 'left-out')
        return { ...common, package: null, marker: null, proofs: null, reasons, notes: [] }
      const { pinned, marker, trace, log, bytes, notes, tookMs } = one
      return {
        ...common,
        package: { ecosystem: pinned.ecosystem, name: pinned.name, version: pinned.version },
        marker,
        proofs: { client: proofJson(trace), log: proofJson(log), bytes: proofJson(bytes) },
        reasons,
        notes: notes.map(maskSettings),
        tookMs,
      }
    }),
    project:
      report.project === undefined
        ? null
        : {
            folder: report.project.folder,
            checks: report.project.checks.map(({ id, state, text, fix }) => ({
              id,
              state,
              text: maskSettings(text),
              fix: fix === '' ? null : maskSettings(fix),
            })),
          },
  }
}

function proofJson({ state, text }: Proof) {
  return { state, text: maskSettings(text) }
}
