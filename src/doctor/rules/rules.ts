import { idsOf, type Seen } from '../seen.ts'
import type { Finding } from '../verdict.ts'
import { dnsRules } from './dns-rules.ts'
import { isLocatedByPath, withoutConsequences } from './explains.ts'
import { familyRules } from './family-rules.ts'
import { httpRules } from './http-rules.ts'
import { localRules } from './local-rules.ts'
import { netRules } from './net-rules.ts'
import { proxyRules } from './proxy-rules.ts'
import { findingOf, type Rule, type RuleContext } from './rule.ts'
import { tcpRules } from './tcp-rules.ts'
import { tlsRules } from './tls-rules.ts'

/** Every rule, nearest to the machine first: the first finding is the first thing to mend. */
export const rules: readonly Rule[] = [
  ...netRules,
  ...proxyRules,
  ...dnsRules,
  ...familyRules,
  ...tcpRules,
  ...tlsRules,
  ...httpRules,
  ...localRules,
]

/** What follows from what was seen: in the order of the rules, without consequences of one another. Pure. */
export function judge(seen: Seen, context: RuleContext): Finding[] {
  const all = rules.flatMap((rule) =>
    rule.find(seen, context).map((conclusion) => findingOf(rule.id, conclusion)),
  )
  return withoutConsequences(all).map((finding) => {
    const paths = isLocatedByPath(finding.id) ? seen.of('path', finding.target) : []
    return paths.length === 0 ? finding : { ...finding, evidence: [...finding.evidence, ...idsOf(paths)] }
  })
}
