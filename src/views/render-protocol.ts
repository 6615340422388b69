import type { CandidateBody, Transform, Verdict } from '../ecosystems/ecosystem.ts'

/** Judges the form of a body. Pure; runs in a thread of its own. */
export type BodyCheck = (body: Uint8Array, params: Readonly<Record<string, string>>) => Verdict

/** What a renderer's program can do, by name. */
export interface RenderProgram {
  readonly transforms: Readonly<Record<string, Transform>>
  readonly checks: Readonly<Record<string, BodyCheck>>
}

interface Job {
  readonly id: number
  /** Of the transform or the check. */
  readonly name: string
  readonly params: Readonly<Record<string, string>>
  readonly body: CandidateBody
}

/** What a renderer thread is asked; one job at a time. */
export type RenderQuestion =
  | (Job & {
      readonly kind: 'transform'
      readonly beside: CandidateBody | undefined
      readonly encoding: 'gzip' | undefined
    })
  | (Job & { readonly kind: 'check' })
  /** The last piece was taken: the next may come. */
  | { readonly kind: 'taken'; readonly id: number }

/** A transform answers with pieces, each waiting for `taken`, then `done`; a check with `verdict`. */
export type RenderAnswer =
  | { readonly kind: 'piece'; readonly id: number; readonly bytes: Uint8Array }
  | { readonly kind: 'done'; readonly id: number }
  | { readonly kind: 'verdict'; readonly id: number; readonly verdict: Verdict }
  /** `refused`: the body is not what it should be. Otherwise the thread itself failed at it. */
  | { readonly kind: 'failed'; readonly id: number; readonly refused: boolean; readonly reason: string }

/** What a renderer thread is started with. */
export interface RenderSettings {
  /** Whoever else needs a processor goes first. */
  readonly behind: boolean
}

export function isBehind(settings: unknown): boolean {
  return typeof settings === 'object' && settings !== null && 'behind' in settings && settings.behind === true
}
