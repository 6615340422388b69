import { humanBytes, humanDuration } from '../../observe/human.ts'
import { mask } from '../../observe/mask.ts'
import { printable } from '../../observe/terminal-text.ts'
import type { Evidence } from '../evidence.ts'
import type { Finding, Params } from '../verdict.ts'
import { en } from './en/en.ts'
import type { EvidenceKey, Language, Texts, UiKey } from './texts.ts'
import { whereItIsSet } from './where-it-is-set.ts'
import { zh } from './zh/zh.ts'

const all: Readonly<Record<Language, Texts>> = { en, zh }

/** A verdict in words; every text is one line, without secrets and control characters, but for `fix`. */
export interface Spoken {
  readonly title: string
  readonly seen: readonly string[]
  /** Undefined when there was none. */
  readonly control: string | undefined
  readonly cause: string | undefined
  /** Lines; what can be copied begins with `$ `. */
  readonly fix: readonly string[]
}

/** `--lang`, else what LC_ALL, LC_MESSAGES or LANG say, else English. */
export function languageOf(
  flag: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Language {
  const wanted = flag ?? env.LC_ALL ?? env.LC_MESSAGES ?? env.LANG ?? ''
  return /^zh/i.test(wanted) ? 'zh' : 'en'
}

export class Speaker {
  readonly texts: Texts

  constructor(language: Language) {
    this.texts = all[language]
  }

  ui(key: UiKey, params: Readonly<Record<string, string | number>> = {}): string {
    return fill(this.texts.ui[key], params)
  }

  verdict(finding: Finding, evidence: readonly Evidence[]): Spoken {
    const text = this.texts.verdicts[finding.id]
    const raw = masked({
      target: finding.target,
      ...finding.params,
      ...throttleWords(finding),
      placeText: this.#place(finding),
    })
    const params = this.#inWords(raw)
    const byId = new Map(evidence.map((record) => [record.id, record]))
    const { control, cause } = finding
    return {
      title: clean(fill(text.title, params)),
      seen: finding.evidence.flatMap((id) => {
        const record = byId.get(id)
        return record === undefined ? [] : [this.evidence(record)]
      }),
      control:
        control === undefined ? undefined : clean(fill(this.texts.controls[control.key], control.params)),
      cause: cause === undefined ? undefined : this.texts.causes[cause],
      fix: endedSentence(
        text.fix
          .split('\n')
          .map((line) =>
            line.startsWith('$ ')
              ? whereItIsSet(fill(line, raw), String(raw.foundIn ?? ''))
              : fill(line, params),
          )
          .map((line) => printable(line).trimEnd())
          .filter((line) => line !== ''),
      ),
    }
  }

  /** Places of settings, and yes and no, as this language puts them. */
  #inWords(params: Params): Params {
    const told = (text: Params[string] | undefined) =>
      String(text ?? '')
        .split(' + ')
        .map((place) => {
          const [, name, file] = /^(\S+) in (.+)$/.exec(place) ?? []
          return name === undefined || file === undefined ? place : this.ui('settingIn', { name, file })
        })
        .join(' + ')
    const { trusted } = params
    return {
      ...params,
      foundIn: told(params.foundIn),
      places: told(params.places),
      ...(trusted === 'yes' || trusted === 'no' ? { trusted: this.ui(trusted) } : {}),
    }
  }

  #place({ params }: Finding): string {
    const { place, afterTtl, afterHost } = params
    const known = place === 'between' && afterTtl === 0 ? 'first' : place
    if (known !== 'between' && known !== 'first' && known !== 'server') return ''
    const afterText = afterHost ? ` (${afterHost})` : ''
    return fill(this.texts.places[known], { ...params, afterText })
  }

  evidence(record: Evidence): string {
    const key = `${record.probe}.${record.outcome}` as EvidenceKey
    return clean(fill(this.texts.evidence[key], paramsOf(record)))
  }
}

/** Repeated sentences are said once, with their number. */
export function counted(sentences: readonly string[]): string[] {
  const groups = Map.groupBy(sentences, (sentence) => sentence.replaceAll(/\d+(\.\d+)? (ms|s)\b/g, '#'))
  return [...groups.values()].map((group) =>
    group.length === 1 ? (group[0] ?? '') : `${group[0]} (×${group.length})`,
  )
}

/** Where no command follows, the sentence that announces one is over. */
function endedSentence(lines: readonly string[]): string[] {
  const last = lines.at(-1) ?? ''
  const ended = last.replace(/:$/, '.').replace(/：$/, '。')
  return [...lines.slice(0, -1), ...(last === '' ? [] : [last.startsWith('$ ') ? last : ended])]
}

function fill(template: string, params: Readonly<Record<string, string | number>>): string {
  return template.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(params[name] ?? ''))
}

/** What a fix asks the person to fill in (USER:PASSWORD@) is no secret, so a fix is masked before it is filled. */
function masked(params: Params): Params {
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => [name, typeof value === 'string' ? mask(value) : value]),
  )
}

function clean(text: string): string {
  return mask(printable(text)).trimEnd()
}

const times: readonly string[] = ['tookMs', 'firstByteMs', 'connectMs']
const sizes: readonly string[] = ['bodyBytes', 'declaredBytes', 'freeBytes']

function paramsOf(record: Evidence): Record<string, string> {
  const words: Record<string, string> = {}
  for (const [name, value] of Object.entries(record)) {
    if (typeof value === 'number')
      words[name] = times.includes(name)
        ? humanDuration(value)
        : sizes.includes(name)
          ? humanBytes(value)
          : String(value)
    else if (typeof value === 'string') words[name] = value
    else if (Array.isArray(value) && value.every((item) => typeof item === 'string'))
      words[name] = value.join(', ')
  }
  if (record.probe === 'dns.query')
    words.others = record.others.map((addresses) => ` | ${addresses.join(', ')}`).join('')
  if (record.probe === 'tls.chain') {
    words.chain = record.chain.map(({ subject, issuer }) => `${subject} ← ${issuer}`).join('; ')
    words.match = record.hostMatches ? '' : ` ≠ ${record.host}`
  }
  if (record.probe === 'proxy.tunnel') words.toward ??= record.target
  if (record.probe === 'reset.place') {
    words.hop = record.afterHost === undefined ? '' : ` (${record.afterHost})`
    words.serverTtl ??= '?'
  }
  if (record.probe === 'http') words.page = record.title === undefined ? '' : ` "${record.title}"`
  return words
}

/** Amounts that only this verdict has, in people's units. */
function throttleWords({ id, params }: Finding): Record<string, string> {
  if (id !== 'http.throttled') return {}
  const otherSeconds = Number(params.otherSeconds ?? 0)
  return {
    megabytes: String(Math.round(Number(params.bytes ?? 0) / 1e6)),
    duration: humanDuration(Number(params.seconds ?? 0) * 1000),
    otherText: otherSeconds === 0 ? '' : ` (${params.other}: ${humanDuration(otherSeconds * 1000)})`,
  }
}
