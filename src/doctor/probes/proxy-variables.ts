import { mask } from '../../observe/mask.ts'
import type { SettingFact } from '../evidence.ts'

type Env = Readonly<Record<string, string | undefined>>

const schemes = ['http', 'https', 'all'] as const

/** What is wrong with the proxy variables by themselves, before anything is connected to. Pure. */
export function checkProxyVariables(env: Env): SettingFact[] {
  const facts: SettingFact[] = []
  const say = (name: string, problem: string, detail: string) =>
    facts.push({
      probe: 'setting',
      outcome: 'wrong',
      name,
      value: mask(env[name] ?? ''),
      foundIn: 'environment',
      problem,
      detail,
    })
  for (const scheme of [...schemes.map((name) => `${name}_proxy`), 'no_proxy']) {
    const upper = scheme.toUpperCase()
    const [big, small] = [env[upper]?.trim(), env[scheme]?.trim()]
    if (big && small && big !== small) say(upper, 'proxy.case', `${scheme}=${mask(small)}`)
  }
  for (const name of schemes.flatMap((scheme) => [`${scheme.toUpperCase()}_PROXY`, `${scheme}_proxy`])) {
    const value = env[name]?.trim()
    if (!value) continue
    const mistake = credentialMistake(value)
    if (mistake !== undefined) say(name, 'proxy.credentials', mistake)
  }
  for (const name of ['NO_PROXY', 'no_proxy']) {
    const mistakes = noProxyMistakes(env[name] ?? '')
    if (mistakes.length > 0) say(name, 'proxy.no_proxy', mistakes.join('; '))
  }
  return facts
}

/** Undefined for sound ones. A password with a reserved character that was not percent-encoded cuts the address in the wrong place. */
export function credentialMistake(value: string): string | undefined {
  const rest = value.replace(/^[a-z0-9]+:\/\//i, '')
  const lastAt = rest.lastIndexOf('@')
  if (lastAt === -1) return undefined
  const userinfo = rest.slice(0, lastAt)
  const bare = /[@/#?\s]/.exec(userinfo)?.[0]
  if (bare !== undefined) return `'${bare}' stands bare in the user name or password`
  if (/%(?![0-9a-f]{2})/i.test(userinfo)) return "'%' stands bare in the user name or password"
  return undefined
}

/** One sentence for each entry that no client reads as it was meant. */
export function noProxyMistakes(value: string): string[] {
  const entries = value.split(',').map((entry) => entry.trim())
  return entries.flatMap((entry) => {
    if (entry === '') return []
    if (/\s/.test(entry)) return [`'${entry}' holds a space: separate entries by commas`]
    if (/^[a-z][a-z0-9+.-]*:\/\//i.test(entry)) return [`'${entry}' has a scheme: write the host alone`]
    if (/\/(?!\d{1,3}$)/.test(entry)) return [`'${entry}' has a path: write the host alone`]
    if (entry.includes('*') && entry !== '*' && !/^\*\.[^*]+$/.test(entry))
      return [
        `'${entry}' uses * where no client reads it: write a suffix (.corp.example) or a range (10.0.0.0/8)`,
      ]
    return []
  })
}
