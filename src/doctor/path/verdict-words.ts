import type { Confidence, PathVerdict } from './judge-path.ts'
import { englishWords } from './verdict-words-en.ts'
import { chineseWords } from './verdict-words-zh.ts'

export type Language = 'en' | 'zh'

/** A verdict for people. */
export interface VerdictWords {
  readonly message: string
  /** What to do; absent where there is nothing to do. */
  readonly fix?: string
}

/** Where the trace went, for the words. */
export interface TracedTarget {
  readonly host: string
  readonly address: string
  readonly port: number
  readonly protocol: 'tcp' | 'udp' | 'icmp'
}

export function verdictWords(verdict: PathVerdict, target: TracedTarget, language: Language): VerdictWords {
  return language === 'zh' ? chineseWords(verdict, target) : englishWords(verdict, target)
}

const confidences: Readonly<Record<Language, Readonly<Record<Confidence, string>>>> = {
  en: {
    certain: 'certain',
    likely: 'likely',
    possible: 'possible: few samples, or not the only explanation',
  },
  zh: { certain: '确定', likely: '很可能', possible: '可能：样本少，或另有解释' },
}

export function confidenceWords(confidence: Confidence, language: Language): string {
  return confidences[language][confidence]
}

/** `12.5`, `0.3`, `180`: as precise as a round trip deserves. */
export function milliseconds(ms: number): string {
  return ms < 100 ? ms.toFixed(1) : String(Math.round(ms))
}

export function percent(share: number): string {
  return `${share < 10 && share % 1 !== 0 ? share.toFixed(1) : Math.round(share)} %`
}
