import { isAbsent, isBareHost, isExpectedData, isLogin, isMirrorsOwn, statusRule } from './answers.ts'
import type { Rule } from './rule.ts'

/** What the status of an answer says by itself. */
export const statusRules: readonly Rule[] = [
  statusRule(
    'block.page',
    (answer) => (answer.status === 403 || answer.status === 451) && answer.isHtml && !isMirrorsOwn(answer),
  ),
  statusRule(
    'http.login_page',
    (answer) => answer.status === 401 || (answer.isHtml && isLogin(answer) && isExpectedData(answer)),
  ),
  statusRule(
    'http.server_error',
    ({ status, retryAfter }) => (status ?? 0) >= 500 && !(status === 503 && retryAfter !== undefined),
  ),
  statusRule(
    'http.not_found',
    (answer) =>
      isAbsent(answer) &&
      answer.purpose !== 'canary' &&
      answer.purpose !== 'capability' &&
      !isBareHost(answer),
  ),
]
