import type { Confidence, PathVerdict } from './path-verdict.ts'
import type { TracedTarget, VerdictWords } from './verdict-text.ts'
import { englishWords } from './verdict-words-en.ts'
import { chineseWords } from './verdict-words-zh.ts'

export type Language = 'en' | 'zh'

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
