import { idsOf, type Seen } from '../seen.ts'
import type { Finding } from '../verdict.ts'
import { isLocatedByPath, withoutConsequences } from './explains.ts'
import { familyRules } from './family-rules.ts'
import { localRules } from './local-rules.ts'
import { mirrorRules } from './mirror-rules.ts'
import { nameRules } from './name-rules.ts'
import { nameServerRules } from './name-server-rules.ts'
import { netRules } from './net-rules.ts'
import { proxyRules, spareProxyRules } from './proxy-rules.ts'
import { redirectRule } from './redirect-rule.ts'
import { findingOf, type Rule, type RuleContext } from './rule.ts'
import { statusRules } from './status-rules.ts'
import { tcpRules } from './tcp-rules.ts'
import { tlsRules } from './tls-rules.ts'
import { transferRules } from './transfer-rules.ts'

/** Every rule, nearest to the machine first: the first finding is the first thing to mend. */
export const rules: readonly Rule[] = [
  ...netRules,
  ...proxyRules,
  ...nameServerRules,
  ...nameRules,
  ...familyRules,
  ...tcpRules,
  ...tlsRules,
  ...statusRules,
  ...mirrorRules,
  redirectRule,
  ...transferRules,
  ...spareProxyRules,
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
