/** One thing that was looked at. */
export interface ProjectCheck {
  readonly id:
    | 'go.mod'
    | 'go.sum'
    | 'toolchain'
    | 'module-cache'
    | 'disk'
    | 'owner'
    | 'flags'
    | 'vendor'
    | 'private'
  /** `warning`: it works, and is probably not what is wanted. */
  readonly state: 'good' | 'warning' | 'problem' | 'unknown'
  readonly text: string
  /** Empty when nothing is to be done. */
  readonly fix: string
}

export function good(id: ProjectCheck['id'], text: string): ProjectCheck {
  return { id, state: 'good', text, fix: '' }
}

export function problem(id: ProjectCheck['id'], text: string, fix: string): ProjectCheck {
  return { id, state: 'problem', text, fix }
}

export function warning(id: ProjectCheck['id'], text: string, fix: string): ProjectCheck {
  return { id, state: 'warning', text, fix }
}
